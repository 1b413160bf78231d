/** Overlays, the peak search, indexing, stacks, and what can be saved. */
import { byId } from '../by-id.js';
import { pane, viewer } from './app.js';
import {
  bindSelect,
  inputById,
  onClick,
  selectById,
  setTextByIdUnlessFocused,
  slidersIn,
  writeSlider,
} from './elements.js';
import { frameParts } from './frame-controls.js';
import type { FinderParameters, Opened, StackKind } from './protocol.js';
import { save } from './save.js';
import { shownStages, stageTitles } from './stages.js';

const sliders = slidersIn('finder');
const boxes = [...byId('overlays').querySelectorAll<HTMLInputElement>('input')];

export function bindSearch(): void {
  for (const slider of sliders)
    slider.addEventListener('input', () => void viewer.setParameters({ [slider.name]: Number(slider.value) }));
  bindSelect(
    selectById('stage'),
    (stage) => viewer.setStage(stage),
    shownStages,
    (stage) => stageTitles[stage],
  );
  onClick('tune', () => viewer.tune());
  onClick('index', () => withTypedCell(() => viewer.index()));
  inputById('cell').addEventListener('change', () => void setTypedCell());
  onClick('run', () => withTypedCell(searchAll));
  onClick('stop', () => viewer.stop());
  onClick('stack', () =>
    viewer.stack(Number(inputById('stack-count').value), selectById('stack-kind').value as StackKind),
  );
  for (const box of boxes) box.addEventListener('change', () => viewer.toggle(box.name, box.checked));
  const stem = (): string => (viewer.opened?.name ?? 'frames').replace(/\.[^.]+$/, '');
  onClick('save-csv', () => {
    const rows = frameParts()?.csvOf(viewer.summaries) ?? '';
    save(`${stem()}.csv`, new Blob([rows], { type: 'text/csv' }));
  });
  onClick('save-stream', () => viewer.stream && save(`${stem()}.stream`, viewer.stream));
  onClick('save-report', async () => {
    if (!viewer.html) await searchAll({ html: true });
    if (viewer.html) save(`${stem()}.html`, viewer.html);
  });
  onClick('png', async () => save(`${stem()}-${viewer.frame}.png`, await pane.image(captionOf())));
  onClick('link', async () => (await import('./links.js')).copyLink());
  onClick('help', () => byId<HTMLDialogElement>('keys').showModal());
}

/** Searches all frames; the code is loaded when it is needed, so that the page appears sooner. */
export const searchAll = (how?: { readonly html: boolean }): Promise<void> =>
  import('./search-all.js').then((code) => code.searchAll(viewer, how)).catch(viewer.fail);

/** The range of thresholds follows the data: a usual threshold is at a tenth of it. */
function fitThreshold(slider: HTMLInputElement, value: number): void {
  const most = Number(slider.max);
  // It stays as it is while the user moves the slider within it.
  if (document.activeElement === slider ? value <= most : value > most / 20 && value <= most / 2) return;
  slider.max = String(Math.max(50, 10 ** Math.ceil(Math.log10(Math.max(1, 5 * value)))));
}

/** Indexes with the cell that was typed; with none if the field was emptied. */
async function setTypedCell(): Promise<void> {
  const text = inputById('cell').value.trim();
  try {
    await viewer.setCell(text === '' ? undefined : { name: 'the field', blob: new Blob([text]) });
    inputById('cell').removeAttribute('aria-invalid');
    if (text !== '') await viewer.index();
  } catch (error) {
    inputById('cell').setAttribute('aria-invalid', 'true');
    viewer.fail(error);
  }
}

/** Does something unless the cell that was typed is none: then it says so again, and no other cell is taken instead. */
export const withTypedCell = (work: () => Promise<unknown>): Promise<unknown> =>
  inputById('cell').ariaInvalid === 'true' ? setTypedCell() : work();

/** The known cell as it is typed. */
function cellWords({ cell, centring = 'P' }: Opened): string {
  const numbers = cell?.map((value) => String(Number(value.toFixed(3)))) ?? [];
  return [...numbers, ...(cell && centring !== 'P' ? [centring] : [])].join(' ');
}

/** What a saved picture shows: the file, the frame, and how values are coloured. */
function captionOf(): string {
  const { opened, frame, stackName, stage, colours } = viewer;
  const { limits, scale } = pane.picture;
  const [low, high] = limits.map((limit) => Number(limit.toPrecision(4)));
  const what = stackName ?? (stage === 'frame' ? `frame ${frame}` : `${stageTitles[stage]}, frame ${frame}`);
  return `${opened?.name ?? ''} · ${what} · ${low} … ${high}, ${scale}, ${colours.replace('-', ' ')}`;
}

export function writeSearch(): void {
  const { opened, peaks, crystals, parameters, running, summaries } = viewer;
  if (!opened) return;
  for (const box of boxes) box.checked = viewer.show.has(box.name);
  for (const slider of sliders) {
    const value = parameters[slider.name as keyof FinderParameters];
    if (slider.name === 'threshold') fitThreshold(slider, value);
    slider.disabled = !opened.panels;
    writeSlider(slider, value, slider.name === 'localBgRadius' ? `${value} px` : String(value));
  }
  selectById('stage').value = viewer.stage;
  selectById('stage').disabled = !opened.panels;
  const duration = peaks?.ms === undefined ? '' : ` · ${peaks.ms.toFixed(1)} ms`;
  byId<HTMLOutputElement>('peak-count').value = viewer.busy || (peaks ? `${peaks.count}${duration}` : '');
  frameParts()?.writeCrystals(byId('crystals'), crystals, peaks?.count ?? 0);
  byId<HTMLButtonElement>('run').disabled = running || !opened.panels || opened.listed !== undefined;
  byId('stop').hidden = !running;
  inputById('cell').disabled = running || !opened.panels;
  if (inputById('cell').ariaInvalid !== 'true') setTextByIdUnlessFocused('cell', cellWords(opened));
  byId<HTMLButtonElement>('tune').disabled = !opened.panels;
  // The results of a stream or of a run are in its own files.
  for (const id of ['save-stream', 'save-report', 'save-csv'])
    byId<HTMLButtonElement>(id).disabled =
      running || !summaries.some(Boolean) || (id !== 'save-csv' && opened.listed !== undefined);
}
