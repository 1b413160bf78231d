/** Data models: the sizes of pointers and of C's types on a target. */

/** `lp64` Linux and macOS, `llp64` Windows, `wasm32` WebAssembly. */
export type DataModel = 'lp64' | 'llp64' | 'wasm32';

/** Bytes of a pointer. */
export const pointerBytes: Readonly<Record<DataModel, 4 | 8>> = { lp64: 8, llp64: 8, wasm32: 4 };
/** Bytes of `long`. */
export const longBytes: Readonly<Record<DataModel, 4 | 8>> = { lp64: 8, llp64: 4, wasm32: 4 };

/** An address that is stored in memory. */
export const readAddress = (view: DataView, offset: number, model: DataModel): number | bigint =>
  pointerBytes[model] === 4 ? view.getUint32(offset, true) : view.getBigUint64(offset, true);

/** Whether a table of addresses is as it was; it is compared after each call, 4 bytes at a time. */
export function isSameTable(now: DataView, before: DataView): boolean {
  if (now.byteOffset % 4 !== 0) return false;
  const a = new Int32Array(now.buffer, now.byteOffset, now.byteLength / 4);
  const b = new Int32Array(before.buffer, before.byteOffset, before.byteLength / 4);
  for (let i = 0; i < b.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether a pointer in a table is as it was; not so for a place outside. */
export function isSameWord(now: DataView, before: DataView, at: number, bytes: 4 | 8): boolean {
  if (!(at >= 0 && at + bytes <= before.byteLength)) return false;
  if (now.getInt32(at) !== before.getInt32(at)) return false;
  return bytes === 4 || now.getInt32(at + 4) === before.getInt32(at + 4);
}

/** Stores addresses one after the other. */
export function writeAddresses(view: DataView, model: DataModel, addresses: readonly (number | bigint)[]): void {
  const { length } = addresses;
  const bytes = pointerBytes[model];
  // An allocator need not align.
  if (view.byteOffset % bytes !== 0) {
    for (let i = 0; i < length; i++) writeAddress(view, i * bytes, model, addresses[i] as number | bigint);
    return;
  }
  if (bytes === 4) {
    const table = new Uint32Array(view.buffer, view.byteOffset, length);
    for (let i = 0; i < length; i++) table[i] = addresses[i] as number;
    return;
  }
  const table = new BigUint64Array(view.buffer, view.byteOffset, length);
  for (let i = 0; i < length; i++) {
    const address = addresses[i] as number | bigint;
    table[i] = typeof address === 'bigint' ? address : BigInt(address);
  }
}

/** Stores an address in memory. */
export function writeAddress(view: DataView, offset: number, model: DataModel, address: number | bigint): void {
  if (pointerBytes[model] === 4) view.setUint32(offset, Number(address), true);
  else view.setBigUint64(offset, typeof address === 'bigint' ? address : BigInt(address), true);
}
