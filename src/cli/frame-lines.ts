/** Formats a frame for people and programs: as a line, or as a JSON document. */

import { Repeats } from '../entries/command.node.js';
import type { CopiedHeader, FrameOrigin, PipelineItem, RegionValue, SearchedFrame } from '../entries/index.node.js';
import { isFrameDoubtful } from '../entries/pipeline.node.js';
import { counted, dim, green, note, red, yellow } from './output.js';
import { visible } from './visible.js';

/** The file and event of a frame, in one line. */
const frameName = ({ filename, event, tag }: FrameOrigin): string =>
  `${visible(filename)}${event === undefined ? '' : ` ${visible(tag ?? `//${event}`)}`}`;

/** The line of a frame that failed; a reason that begins with the name of the file does not repeat it. */
export function failureLine(origin: FrameOrigin, { message }: Error): string {
  // A run takes no description of plain numbers.
  const said = message.replace(
    /, describe them: dtype: '(\w+)', sigShape: \[(\d+), (\d+)\]$/,
    ': ewald convert FILE --dtype $1 --sig-shape $2,$3 -o frames.h5',
  );
  const rest = said.slice(origin.filename.length);
  const isNamed = said.startsWith(origin.filename) && /^[ :,]/.test(rest);
  return `${red('✗')} ${frameName(origin)}${isNamed ? rest : `: ${said}`}`;
}

/** Prints frames that failed, each reason once with how many more frames had it. */
export const frameFailures = (): Repeats =>
  new Repeats(note, (n) => `${red('✗')} ${counted(n, 'further frame')} for the same reason`);

/** Answers Ctrl-C at once, since the frames in progress may take a while. */
export const noteInterrupted = (): void =>
  note(dim('interrupted: the frames in progress are finished first; another Ctrl-C ends at once'));

/** The remark about a lattice that its spots cannot distinguish from others, or the names of its axes. */
export function ambiguityText({ length }: readonly unknown[], otherHand?: unknown): string {
  // Only the last of the rivals is of the other hand.
  const others = length - (otherHand ? 1 : 0);
  const text = others > 0 ? [`ambiguous: ${counted(others, 'other lattice')} or names of axes equally good`] : [];
  return length > 0 ? `  ${yellow([...text, ...(otherHand ? ['of either hand'] : [])].join(', '))}` : '';
}

/** The line of a summary about such lattices. */
export const ambiguousText = (crystals: number): string =>
  `ambiguous crystals: ${crystals}; other lattices, or other names of their axes, explain their spots nearly as well ` +
  '(--json lists them)';

/** One line per lattice. */
export function lineOf({ origin, result: { peaks, crystals, backends } }: SearchedFrame): string {
  const count = counted(peaks.count, 'peak');
  // A run without indexing has looked for none.
  const outcome = backends.index === undefined ? count : `${count}, no lattice found`;
  if (crystals.length === 0) return `${yellow('–')} ${frameName(origin)}  ${dim(outcome)}`;
  const mark = isFrameDoubtful({ peaks, crystals }) ? yellow('?') : green('✓');
  return crystals
    .map((crystal, i) => {
      const shape =
        `${crystal.lengths.map((x) => x.toFixed(2)).join(' ')} Å ` +
        ` ${crystal.angles.map((x) => x.toFixed(2)).join(' ')}°`;
      const where = i === 0 ? `${mark} ${frameName(origin)}` : `  ${dim(`lattice ${i + 1}`)}`;
      const measured =
        crystal.reflections === undefined ? '' : `, ${counted(crystal.reflections.length, 'reflection')}`;
      return (
        `${where}  ${shape} ` +
        ` ${dim(
          `${crystal.peaks.length} of ${count}${measured}, ` + `to ${(1 / crystal.resolution).toFixed(2)} Å`,
        )}${ambiguityText(crystal.rivals, crystal.otherHand)}`
      );
    })
    .join('\n');
}

/** A copied field as a member; those without a value are absent. */
const valuesOf = (header: CopiedHeader): [string, number | string][] =>
  header.missing === undefined ? [[header.name, header.value]] : [];

/** A region as a member; sums that JSON's readers would round are texts. */
const inNumbers = ([name, region]: [string, RegionValue]): [string, object] => {
  const plain = (sum: bigint | number): number | string =>
    typeof sum === 'number' || Number.isSafeInteger(Number(sum)) ? Number(sum) : `${sum}`;
  return [name, { ...region, sum: plain(region.sum), sumSquares: plain(region.sumSquares) }];
};

/** The document of `--json`. */
export function jsonOf({ origin, error, result }: PipelineItem): object {
  if (error) return { ...origin, error: error.message };
  const { hit, peaks, crystals, ms, backends, headers, rois, grid } = result;
  return {
    ...origin,
    hit,
    peaks: peaks.count,
    crystals: crystals.map(
      ({ cell, lengths, angles, probability, refined, rivals, indices, peaks: own, ...crystal }) => ({
        cell: cell.map((row) => [...row]),
        lengths: [...lengths],
        angles: [...angles],
        probability,
        refined,
        knownCell: crystal.inputCell,
        ambiguous: rivals.length > 0,
        rivals: rivals.map((rival) => rival.map((row) => [...row])),
        ...(crystal.otherHand && { otherHand: crystal.otherHand.map((row) => [...row]) }),
        indexedPeaks: [...own],
        indices: [...indices],
        residual: crystal.residual,
        profileRadius: crystal.profileRadius,
        resolutionA: 1 / crystal.resolution,
        reflections: crystal.reflections?.length ?? null,
        overlapping: crystal.overlapping,
      }),
    ),
    ...(headers ? { headers: Object.fromEntries(headers.flatMap(valuesOf)) } : {}),
    ...(rois ? { rois: Object.fromEntries(Object.entries(rois).map(inNumbers)) } : {}),
    ...(grid ? { grid } : {}),
    ms,
    backends: { peaks: backends.peaks ?? null, index: backends.index ?? null },
  };
}
