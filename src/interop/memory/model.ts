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

/** Stores an address in memory. */
export function writeAddress(view: DataView, offset: number, model: DataModel, address: number | bigint): void {
  if (pointerBytes[model] === 4) view.setUint32(offset, Number(address), true);
  else view.setBigUint64(offset, BigInt(address), true);
}
