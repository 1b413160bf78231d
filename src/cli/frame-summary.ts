/** The summary of a run as text. */
import { readFileSync } from 'node:fs';
import { fewText } from '../entries/command.node.js';
import type { RunSummary } from '../entries/pipeline.node.js';
import { ambiguousText } from './frame-lines.js';
import { bold, counted, dim, red, table, yellow } from './output.js';

interface SummaryOptions {
  readonly profile: boolean;
  /** The name of the stream that was written. */
  readonly stream: string | undefined;
  /** When the stream was written that it replaced. */
  readonly replaced?: Date | undefined;
  /** Whether frames were only searched for peaks. */
  readonly peaksAlone: boolean;
}

/** Describes the end of a run. */
export function summaryText(summary: RunSummary, { profile, stream, replaced, peaksAlone }: SummaryOptions): string {
  const { done, failed, lost, gone, replaced: others, hits, indexed, total, ambiguous, cells } = summary;
  const lines = [
    `${bold(`${indexed} of ${counted(done, 'frame')} indexed`)}, ${counted(summary.crystals, 'crystal')}, ` +
      counted(hits, 'hit') +
      `; ${summary.rate.toFixed(1)} frames/s${summary.workers ? ` on ${counted(summary.workers, 'worker')}` : ''}${failed ? red(`; ${failed} could not be read`) : ''}` +
      (lost ? red(`; ${lost} did not arrive`) : ''),
  ];
  for (const path of gone) lines.push(red(`${path} has disappeared: frames that arrived there meanwhile are missing`));
  for (const path of others) lines.push(red(`${path} was replaced by another file, whose frames were not searched`));
  if (total !== undefined && done < total) lines.push(`${counted(total - done, 'frame')} not started`);
  for (const { known, crystals, parameters } of cells) {
    const middle = parameters.map((x) => x.toFixed(2));
    const isOneOfSeveral = cells.length > 1 || known > 0;
    const whose = isOneOfSeveral ? `known cell ${known + 1}, ${counted(crystals, 'crystal')}: ` : '';
    const doubted = summary.isDoubtful ? ', within the limits of the search: the crystals are doubtful' : '';
    lines.push(dim(`${whose}median cell ${middle.slice(0, 3).join(' ')} Å  ${middle.slice(3).join(' ')}°${doubted}`));
  }
  if (ambiguous > 0) lines.push(yellow(ambiguousText(ambiguous)));
  if (summary.few > 0)
    lines.push(dim(fewText(`${counted(summary.few, 'frame')} ${summary.few === 1 ? 'was' : 'were'}`)));
  if (hits === 0 && failed < done)
    lines.push(
      'no frame is a hit: all have too few peaks. --threshold, --min-snr, --min-res and --min-peaks define a hit; ' +
        'ewald info FILE shows the values of the frames, ewald geometry check GEOM FILE whether ' +
        'the panels fit',
    );
  else if (peaksAlone)
    lines.push('frames were only searched for peaks (-p none); to index them, give -p CELL, or leave -p out');
  else if (done > 0 && indexed === 0 && failed < done)
    lines.push(
      'no frame was indexed: check the peaks, the geometry (ewald info FILE) and the cell (in angstrom, not nm)',
    );
  if (profile) lines.push(profileText(summary));
  const before = replaced && `, in the place of that of ${replaced.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
  if (stream !== undefined) lines.push(dim(`stream written to ${stream}${before ?? ''}`));
  return lines.join('\n');
}

function profileText({ stages }: RunSummary): string {
  const rows = stages.map(({ stage, ms, backends }) => [stage, ms.toFixed(2), backends.join(', ')]);
  const all = stages.reduce((sum, { ms }) => sum + ms, 0);
  const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
  const { rss } = process.memoryUsage();
  return [
    table(['stage', 'ms per frame', 'on'], [...rows, ['all', all.toFixed(2), '']], [1]),
    `memory ${megabytes(rss)}, at most ${megabytes(peakMemory())}`,
  ].join('\n');
}

/** The most memory that this process has used, bytes. Linux' `maxRSS` is also that of the process that started it. */
function peakMemory(): number {
  let kilobytes = process.resourceUsage().maxRSS;
  try {
    kilobytes = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? kilobytes);
  } catch {}
  return kilobytes * 1024;
}
