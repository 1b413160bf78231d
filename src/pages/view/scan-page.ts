/** The pictures of a scan with their numbers as one page, which opens without a server. */
import { type NamedResult, resultsPage } from '../../entries/pages.js';
import { type FrameData, kindOf } from './contrast.js';
import { save } from './save.js';
import type { ScanViewer } from './scan-viewer.js';

/** Largest size of a page, bytes: that of a mail. */
const maxBytes = 20e6;

/** The pattern that is shown, as a result. */
function patternOf({ data, width, height }: PictureOf): NamedResult {
  const dtype = `${kindOf(data)}${8 * data.BYTES_PER_ELEMENT}` as 'u16';
  return {
    name: 'pattern',
    shape: [height, width],
    dtype,
    data: data as Uint16Array,
    navAxes: 0,
    axes: ['sig_y', 'sig_x'],
    unit: 'counts',
  };
}

interface PictureOf {
  readonly data: FrameData;
  readonly width: number;
  readonly height: number;
}

/** Saves what all panes show; returns what the page lacks, in words. */
export async function saveScanPage(
  scan: ScanViewer,
  pattern: PictureOf | undefined,
): Promise<{ readonly lacks: readonly string[] }> {
  const panes = scan.images.filter(({ image }) => image !== undefined);
  // Two panes may show one quantity.
  const results = panes.flatMap(({ result }, i) => {
    if (!result) return [];
    const isAgain = panes.slice(0, i).some(({ title }) => title === result.name);
    return [isAgain ? { ...result, name: `${result.name} ${i + 1}` } : result];
  });
  const [first] = panes;
  const [rows, columns] = first && !first.plane ? first.shape : [0, 0];
  const { width = 0, height = 0, bin = 1 } = scan.loaded ?? {};
  const binned = bin > 1 ? [`${bin} × ${bin} detector pixels are summed into one`] : [];
  const answer = await fetch(new URL('./results-page.js', import.meta.url));
  if (!answer.ok) throw new Error(`The script of the page is not there: ${answer.status} ${answer.statusText}`);
  const input = first?.name ?? 'scan';
  const commands = panes.flatMap(({ command }) => (command === '' ? [] : [command]));
  const { html, lacks } = await resultsPage({
    results: pattern ? [...results, patternOf(pattern)] : results,
    about: {
      ...{ input, shape: [rows, columns, height, width], dtype: '', stepNm: scan.units.stepNm },
      analyses: panes.map(({ title, command }) => ({ name: title, parameters: command })),
    },
    notes: [...new Set([...binned, ...panes.flatMap(({ notes }) => notes)])],
    command: commands.length > 0 ? commands.join('\n') : undefined,
    maxBytes,
    script: await answer.text(),
  });
  save(`${input}.html`, new Blob([html], { type: 'text/html' }));
  return { lacks };
}
