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

/** Stores an address in memory. */
export function writeAddress(view: DataView, offset: number, model: DataModel, address: number | bigint): void {
  if (pointerBytes[model] === 4) view.setUint32(offset, Number(address), true);
  else view.setBigUint64(offset, typeof address === 'bigint' ? address : BigInt(address), true);
}
