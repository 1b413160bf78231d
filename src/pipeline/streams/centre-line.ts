/** The centre of the beam of a frame, as a line of its chunk. */
import { marks, type StreamChunk } from '../../crystal/stream/stream.js';
import type { FrameCentre } from '../centre/centred-beam.js';
import { type CentreKind, centreKinds } from '../centre/kinds.js';

const mm = (metres: number): string => (1e3 * metres).toFixed(6);

/** `0.109803 -0.220310 +- 0.002 0.002 mm by background`. */
export const centreText = ({ offM: [x, y], errorM: [sx, sy], by }: FrameCentre): string =>
  `${mm(x)} ${mm(y)} +- ${mm(sx)} ${mm(sy)} mm by ${by}`;

/** The centre that a chunk states; undefined without one. */
export function centreOfChunk({ notes = [] }: Partial<Pick<StreamChunk, 'notes'>>): FrameCentre | undefined {
  const line = notes.find((note) => note.startsWith(marks.beamCentre));
  const match = /^(\S+) (\S+) \+- (\S+) (\S+) mm by (\w+)$/.exec(line?.slice(marks.beamCentre.length) ?? '');
  const [x, y, sx, sy] = (match ?? []).slice(1, 5).map((word) => Number(word) / 1e3) as [
    number,
    number,
    number,
    number,
  ];
  const by = match?.[5] as CentreKind;
  if (![x, y, sx, sy].every(Number.isFinite) || !centreKinds.includes(by)) return undefined;
  return { by, offM: [x, y], errorM: [sx, sy] };
}

/** A chunk without the centre that it states: its beam is where the geometry has it. */
export const withoutCentre = (chunk: StreamChunk): StreamChunk => ({
  ...chunk,
  notes: chunk.notes.filter((note) => !note.startsWith(marks.beamCentre)),
});
