/** Copies and kernels of a pass that run side by side on a card: the emulator looks whether events order them. */
import type { PassStep } from 'ewald/udf';
import { afterEach, expect, test } from 'vitest';
import { type EmulatedCard, loadAddon, onCard, present, resetCard } from '../support/emulated-card.js';

interface Chunked extends EmulatedCard {
  setUdfChunk(bytes: number): void;
}
const addon = loadAddon<Chunked>();
afterEach(() => {
  if (!present) return;
  resetCard(addon);
  addon.setUdfChunk(2 ** 26);
});

// Sums of frames also let the host wait, two chunks later; planes do not.
test.runIf(present).each([
  ['planes alone', 0],
  ['planes and masks', 1],
])('chunks of frames are copied in turn, behind the kernels that read them before: %s', async (_, masks) => {
  const [side, frames] = [16, 15];
  const pixels = side * side;
  await using ctx = await onCard();
  // Five chunks of three frames.
  addon.setUdfChunk(3 * 2 * pixels);
  const weights = new Float32Array(pixels).fill(1);
  const sums: PassStep[] = masks === 0 ? [] : [{ kind: 'dense', weights, masks }];
  await using pass = await ctx.framePass({
    width: side,
    height: side,
    dtype: 'u16',
    steps: [{ kind: 'sum' }, ...sums],
  });
  const data = Uint16Array.from({ length: frames * pixels }, (_, i) => (i * i) % 251);
  addon.setMode({ checked: true, orders: 1, ordered: true });
  const { nav, sig } = await pass.run(data, frames);
  expect(addon.takeReports()).toEqual([]);
  for (const [f, sum] of nav.entries())
    expect(sum).toBe(data.subarray(f * pixels, (f + 1) * pixels).reduce((all, v) => all + v, 0));
  for (const [p, sum] of sig.entries()) {
    let wanted = 0;
    for (let f = 0; f < frames; f++) wanted += data[f * pixels + p] as number;
    expect(sum).toBe(wanted);
  }
});
