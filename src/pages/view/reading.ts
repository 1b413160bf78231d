/** What lies at a place of the picture, as one line: pixel, value, resolution, and the reflection there. */
import type { PixelReading, ShownCrystal } from './protocol.js';
import { markWords, stageTitles } from './stages.js';
import type { Viewer } from './viewer.js';

/** Information about a position of the picture; undefined between panels. */
export async function readingOf(viewer: Viewer, place: readonly [number, number]): Promise<string | undefined> {
  const { engine, pane, opened, frame: number, stage, stackName, crystals } = viewer;
  const hit = pane.layout.pixelAt(place);
  const { frame } = pane.picture;
  if (!hit || !frame) return undefined;
  const { fs, ss } = hit;
  const at = Math.floor(ss) * frame.width + Math.floor(fs);
  const value = frame.data[at] as number;
  const reading = await engine.call('pixel', { fs, ss, frame: number, at }).catch(() => undefined);
  const isStage = stage !== 'frame' && !stackName;
  const [least, greatest] = opened?.validRange ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  // Pixels that a reduction has not kept, and overloads.
  const isValid = isStage || stackName !== undefined || (value >= least && value <= greatest);
  const isRounded = frame.data instanceof Float32Array;
  const text = isStage && stage === 'marks' ? (markWords[value] ?? String(value)) : valueText(value, isRounded);
  return [
    `fs ${Math.floor(fs)}  ss ${Math.floor(ss)}`,
    ...(hit.panel.name ? [`panel ${hit.panel.name}`] : []),
    `${isStage ? stageTitles[stage].toLowerCase() : 'value'} ${(!isStage && !stackName && reading?.value) || text}` +
      (opened?.bad?.[at] ? ' (masked)' : isValid ? '' : ' (no valid count)'),
    ...(reading ? crystalWords(crystals, reading, [fs, ss]) : []),
  ].join('   ');
}

/** A number in five digits, or a whole one; `isRounded`: of those, only seven digits are known. */
function valueText(value: number, isRounded: boolean): string {
  if (!Number.isInteger(value)) return value.toPrecision(5);
  return isRounded && Math.abs(value) > 2 ** 24 ? `≈ ${Number(value.toPrecision(7))}` : String(value);
}

function crystalWords(
  crystals: readonly ShownCrystal[],
  { resolutionA, hkl }: PixelReading,
  [fs, ss]: readonly [number, number],
): string[] {
  const words = resolutionA === undefined || !Number.isFinite(resolutionA) ? [] : [`d ${resolutionA.toPrecision(4)} Å`];
  if (hkl) words.push(`hkl ${hkl.map((index) => index.toFixed(1).replace('-', '−')).join(' ')}`);
  for (const { reflections } of crystals)
    for (let i = 0; i < reflections.count; i++)
      if (Math.hypot((reflections.fs[i] as number) - fs, (reflections.ss[i] as number) - ss) < 4) {
        const { hkl: all, intensity, sigma } = reflections;
        const indices = [...all.subarray(3 * i, 3 * i + 3)].map((h) => String(h).replace('-', '−'));
        const [sum, error] = [intensity[i] as number, sigma[i] as number].map((one) => one.toFixed(0));
        return [...words, `(${indices.join(' ')})  I ${sum} ± ${error}`];
      }
  return words;
}
