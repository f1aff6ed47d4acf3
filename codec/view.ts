/** A constructor of Buffers over existing memory. */
type ViewConstructor = new (memory: ArrayBufferLike, byteOffset: number, length: number) => Buffer;

/**
 * Creates a Buffer view when the memory and the offset are already known. `subarray()` does the same, but takes three
 * times as long: reading a Buffer's memory and offset costs as much as the view itself, and each batch needs two views.
 */
export const View = (Buffer as unknown as { readonly [Symbol.species]: ViewConstructor })[Symbol.species];
