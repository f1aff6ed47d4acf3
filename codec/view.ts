/** A constructor of Buffers over existing memory. */
type ViewConstructor = new (memory: ArrayBufferLike, byteOffset: number, length: number) => Buffer;

/**
 * The class of Buffer's views, for memory and offsets that are known already. `subarray()` finds it in the same way, but
 * takes three times as long: to ask a Buffer for its memory and its offset costs as much as the view itself, and two
 * views are made for each batch.
 */
export const View = (Buffer as unknown as { readonly [Symbol.species]: ViewConstructor })[Symbol.species];
