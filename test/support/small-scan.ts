/** A Context on wasm with a scan of 4 x 4 frames of 8 x 8 pixels in memory. */
import { Context, type Scan } from 'ewald/udf';

export const navShape = [4, 4];
export const sigShape = [8, 8];

/** Opens both; the caller closes the Context. */
export function openSmallScan(frames: Uint16Array): { readonly ctx: Context; readonly scan: Scan } {
  const ctx = new Context({ context: { backend: 'wasm' } });
  return { ctx, scan: ctx.fromMemory(frames, { navShape, sigShape }) };
}
