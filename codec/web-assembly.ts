/** The part of the WebAssembly API that is used here. Node's types do not declare it. */
declare const WebAssembly: {
  Module: new (code: Uint8Array) => object;
  Instance: new (module: object) => { exports: unknown };
};

/** A constant that a module exports. */
export interface Constant {
  readonly value: number;
}

let failure: unknown;

/**
 * Instantiates a module of `wasm/`.
 *
 * @param code The module in base64.
 * @returns its exports; undefined if it cannot run. That is so if there is no WebAssembly, as with `node
 *   --jitless`, if this machine has no vector instructions, or if its memory cannot be allocated.
 */
export function instantiate<T>(
  code: string,
): (T & { readonly memory: { readonly buffer: ArrayBuffer } }) | undefined {
  try {
    const module = new WebAssembly.Module(Buffer.from(code, 'base64'));
    return new WebAssembly.Instance(module).exports as T & { memory: { buffer: ArrayBuffer } };
  } catch (error) {
    failure = error;
    return undefined;
  }
}

/** Why a module cannot run, so that JavaScript does its work; undefined if all of them can. */
export function wasmFailure(): unknown {
  return failure;
}
