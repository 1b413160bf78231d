/**
 * Platform types that appear in public signatures, taken from the consumer's declarations: with neither the DOM nor
 * Node's types there is no `URL`, and Node's types have no `WebAssembly`. A missing type becomes `never`, and the rest
 * compiles.
 */
type GlobalInstance<T> = T extends { readonly prototype: infer Instance } ? Instance : never;

/** `URL`, where the project declares it. */
export type PlatformUrl = GlobalInstance<typeof globalThis extends { URL: infer T } ? T : never>;
/** `Response`, where the project declares it. */
export type PlatformResponse = GlobalInstance<typeof globalThis extends { Response: infer T } ? T : never>;
/** `AbortSignal`, where the project declares it. */
export type PlatformSignal = GlobalInstance<typeof globalThis extends { AbortSignal: infer T } ? T : never>;
/** `Float16Array`, where the project declares it. */
export type PlatformFloat16Array = GlobalInstance<typeof globalThis extends { Float16Array: infer T } ? T : never>;
/** `WebAssembly.Module`, where the project declares it. */
export type PlatformModule = GlobalInstance<typeof globalThis extends { WebAssembly: { Module: infer T } } ? T : never>;
/** `WebAssembly.Instance`, where the project declares it. */
export type PlatformInstance = GlobalInstance<
  typeof globalThis extends { WebAssembly: { Instance: infer T } } ? T : never
>;
/** `WebAssembly.Memory`, where the project declares it. */
export type PlatformMemory = GlobalInstance<typeof globalThis extends { WebAssembly: { Memory: infer T } } ? T : never>;
/** `MessagePort`, where the project declares it. */
export type PlatformPort = GlobalInstance<typeof globalThis extends { MessagePort: infer T } ? T : never>;
/** `Blob`, where the project declares it. */
export type PlatformBlob = GlobalInstance<typeof globalThis extends { Blob: infer T } ? T : never>;
/** `File`, where the project declares it. */
export type PlatformFile = GlobalInstance<typeof globalThis extends { File: infer T } ? T : never>;
/**
 * Numbers in a non-shared ArrayBuffer, which may be transferred, and passed to `Blob`, `fetch` and `ImageData`:
 * TypeScript before 5.7 has no name for the distinction.
 */
export type Own<Numbers extends { slice(): unknown }> = ReturnType<Numbers['slice']>;
export type OwnBytes = Own<Uint8Array>;
