/** The part of the WebAssembly interface used here; TypeScript declares it for browsers only. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer
}

interface WasmApi {
  readonly Memory: new (size: { readonly initial: number }) => WasmMemory
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (module: object, imports: object) => { readonly exports: object }
  validate(bytes: Uint8Array<ArrayBuffer>): boolean
}

export const wasm = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly
