/** Runs on the machine of the server: the command of what the page shows, and the runs that it has started. */
import { counted, type OfferedRun, type ShownRun } from '../../entries/pages.js';
import { scan, viewer } from './app.js';
import { addStyle, createButton, createElement } from './elements.js';
import type { ImagePane } from './image-pane.js';
import { runStyle } from './run-style.js';
import { isScan } from './scan-controls.js';
import { itemOfPage, type ServedFiles } from './served-files.js';

/** Time between two looks at runs that go on, ms. */
const everyMs = 500;

const buttons = [...document.querySelectorAll<HTMLButtonElement>('.run-there')];
const result = createElement('select', { ariaLabel: 'Result', onchange: () => void renew() });
const name = createElement('input', {
  ...{ spellcheck: false, autocomplete: 'off', ariaLabel: 'Name of the files', oninput: () => void show() },
});
const report = createElement('input', { type: 'checkbox', checked: true, onchange: () => void show() });
const command = createElement('pre', { tabIndex: 0 });
command.ariaLabel = 'Command';
const remarks = createElement('p', { className: 'wrong' });
const start = createButton('Start', { className: 'primary', onclick: () => void begin().catch(fail) });
const list = createElement('ul');
const place = createElement('p', { className: 'hint' });
const dialog = createElement(
  'dialog',
  createElement(
    'form',
    createElement('h2', 'Run on the computer of the server'),
    createElement('button', 'Close', { type: 'submit' }),
    { method: 'dialog' },
  ),
  createElement('div', result, createElement('label', 'Name ', name), createElement('label', report, ' Report'), {
    className: 'row',
  }),
  command,
  remarks,
  createElement('div', start, { className: 'row' }),
  place,
  list,
  { id: 'runs' },
);

let served: ServedFiles | undefined;
/** What the dialog shows, as the server is asked for it. */
let offered: { readonly run: object; readonly offer: OfferedRun } | undefined;
/** Runs whose words are shown. */
const opened = new Set<number>();
let timer: ReturnType<typeof setTimeout> | undefined;
/** Runs that went on at the last look. */
let goingBefore = 0;

const fail = (error: unknown): void => {
  remarks.textContent = error instanceof Error ? error.message : String(error);
};

/** Shows the buttons of a page whose server starts runs, and the runs that go on. */
export async function offerRuns(files: ServedFiles): Promise<void> {
  served = files;
  addStyle(runStyle);
  document.body.append(dialog);
  for (const button of buttons) {
    button.hidden = false;
    button.title = 'On the computer of the server';
    button.onclick = () => void open().catch(viewer.fail);
  }
  await look();
}

async function open(): Promise<void> {
  const panes = isScan() ? scan.images : [];
  result.replaceChildren(...panes.map(({ title }, i) => new Option(title, String(i))));
  result.hidden = panes.length === 0;
  if (!dialog.open) dialog.showModal();
  await renew();
  await look();
}

/** Shows another command, under a name that is free. */
async function renew(): Promise<void> {
  name.value = '';
  await show();
}

let asking = 0;

/** Asks for the command of what the page shows. */
async function show(): Promise<void> {
  const ask = ++asking;
  start.disabled = true;
  try {
    const run = await askedRun();
    const offer = await post<OfferedRun>('command', { run });
    if (ask !== asking) return;
    offered = { run: { ...run, name: offer.name, command: offer.command }, offer };
    if (name.value === '') name.value = offer.name;
    command.textContent = offer.command;
    const replaced = offer.replaces.length > 0 && !offer.refusal ? [`It replaces ${offer.replaces.join(', ')}.`] : [];
    const refusal = offer.refusal === undefined ? [] : [`${offer.refusal}.`];
    remarks.textContent = [...refusal, ...replaced].join(' ');
    start.disabled = offer.refusal !== undefined;
  } catch (error) {
    if (ask !== asking) return;
    command.textContent = '';
    fail(error);
  }
}

/** What the page shows, as a run. */
async function askedRun(): Promise<object> {
  const { request } = viewer;
  if (!request?.frames.every((file) => 'address' in file))
    throw new Error('These frames were opened in this page; only those of the server can be run there.');
  const typed = name.value.trim();
  const shared = { ...(typed !== '' && { name: typed }), report: report.checked };
  if (isScan()) return { ...shared, ...scanRun(scan.images[Number(result.value)]) };
  const { geometry } = request;
  // One that was dropped here, or that is adjusted, with its mask.
  const own = geometry && 'blob' in geometry ? { geometry: await geometry.blob.text() } : {};
  return { ...shared, kind: 'index', settings: await indexSettings(), ...own };
}

/** The run of a pane. Throws an Error for what no analysis computes. */
function scanRun(image: ImagePane | undefined): object {
  const asked = image && scan.askedOf(image);
  if (!asked) throw new Error('No run has this detector or a transform; a disk or a ring has one.');
  const given: Readonly<Record<string, unknown>> = { ...served?.opening };
  const changed = Object.entries(viewer.request?.opening ?? {}).filter(
    ([key, value]) => value !== undefined && JSON.stringify(value) !== JSON.stringify(given[key]),
  );
  const { analysis, settings, isCalibrated } = asked;
  const { json } = scan.calibration ?? {};
  const isServed = json === undefined || json === calibrationText(viewer.request?.calibration?.found);
  return {
    ...{ kind: 'run', analysis, isCalibrated, settings: { ...Object.fromEntries(changed), ...settings } },
    ...(isCalibrated && !isServed && { calibration: JSON.parse(json) }),
  };
}

/** A calibration as the page writes it. */
const calibrationText = (found: unknown): string => `${JSON.stringify(found, null, 2)}\n`;

/** The settings of the page for all frames: those that were changed in it. */
async function indexSettings(): Promise<object> {
  const { parameters, parametersMoved, request, opened: shown } = viewer;
  const texts = document.querySelector<HTMLTextAreaElement>('#region-texts')?.value.split('\n') ?? [];
  const rois = texts.map((text) => text.trim()).filter((text) => text !== '');
  return {
    ...(parametersMoved && parameters),
    ...(rois.length > 0 && { rois }),
    ...(await cellSettings(request?.cell, shown?.cell, shown?.centring)),
  };
}

/** The cell of the page, unless it is the server's: numbers as they were typed, or those of a file. */
async function cellSettings(
  file: NonNullable<typeof viewer.request>['cell'],
  cell: readonly number[] | undefined,
  centring = 'P',
): Promise<object> {
  if (file && 'address' in file) return {};
  if (!file) return { cells: [] };
  const words = (await file.blob.text()).trim().split(/[\s,]+/);
  const isNumbers = words.length < 8 && words.slice(0, 6).every((word) => Number.isFinite(Number(word)));
  if (isNumbers) return { cells: [words.join(',')] };
  const numbers = cell?.map((value) => Number(value.toFixed(5))) ?? [];
  return { cells: [[...numbers, ...(centring === 'P' ? [] : [centring])].join(',')] };
}

async function begin(): Promise<void> {
  if (!offered) return;
  start.disabled = true;
  opened.add((await post<ShownRun>('start', { run: offered.run })).id);
  await look();
  await renew();
}

/** Looks at the runs, again and again while one goes on. */
async function look(): Promise<void> {
  clearTimeout(timer);
  const { folder, runs } = await answerOf<{ folder: string; runs: readonly ShownRun[] }>(await fetch('runs/list'));
  const texts = new Map<number, string>();
  if (dialog.open)
    for (const { id } of runs) if (opened.has(id)) texts.set(id, await (await fetch(`runs/${id}`)).text());
  place.textContent = `Outputs are in ${folder}.`;
  write(runs, texts);
  const going = runs.filter(({ state }) => state === 'running' || state === 'stopping');
  const [only] = going;
  const words = only ? `Run there: ${shareText(only)}` : 'Run there…';
  for (const button of buttons) button.textContent = going.length > 1 ? `${counted(going.length, 'run')} there` : words;
  // What was refused because of a run may be started when it has ended.
  if (dialog.open && going.length < goingBefore) void renew();
  goingBefore = going.length;
  if (going.length > 0) timer = setTimeout(() => void look().catch(fail), everyMs);
}

const shareText = ({ share }: ShownRun): string => (share === undefined ? '…' : `${Math.floor(100 * share)} %`);

const stateTexts: Readonly<Record<ShownRun['state'], string>> = {
  running: 'running',
  stopping: 'stopping…',
  finished: 'finished',
  doubtful: 'ended with a doubt or an error: see what it has said',
  stopped: 'stopped',
  failed: 'failed: see what it has said',
};

/** What an entry shows, by the number of its run: one that has not changed stays, with its focus. */
const written = new Map<number, string>();

function write(runs: readonly ShownRun[], texts: ReadonlyMap<number, string>): void {
  const entries = runs.map((run) => {
    const was = list.querySelector(`[data-run="${run.id}"]`);
    const now = JSON.stringify([{ ...run, seconds: Math.floor(run.seconds) }, texts.get(run.id), opened.has(run.id)]);
    if (was && written.get(run.id) === now) return was;
    written.set(run.id, now);
    const entry = entryOf(run, texts.get(run.id));
    // The control that has the focus keeps it.
    if (was?.contains(document.activeElement)) {
      const { textContent } = document.activeElement as Element;
      queueMicrotask(() =>
        [...entry.querySelectorAll<HTMLElement>('button, summary')]
          .find((one) => one.textContent === textContent)
          ?.focus(),
      );
    }
    return entry;
  });
  if (entries.length !== list.children.length || entries.some((entry, i) => list.children[i] !== entry))
    list.replaceChildren(...entries);
  // The newest words are at the end.
  for (const said of list.querySelectorAll('pre')) said.scrollTop = said.scrollHeight;
}

function entryOf(run: ShownRun, text = ''): HTMLElement {
  const { id, name: title, input, state, share, words, seconds, resumable, files } = run;
  const act =
    (what: string): (() => void) =>
    () =>
      void post(what, { id }).then(look).catch(fail);
  const goes = state === 'running' || state === 'stopping';
  const facts = [stateTexts[state], ...(goes ? [shareText(run), words] : []), `${Math.floor(seconds)} s`];
  const controls = [
    ...(goes ? [createButton('Stop', { onclick: act('stop'), disabled: state === 'stopping' })] : []),
    ...(resumable ? [createButton('Resume', { onclick: act('resume') })] : []),
    ...files.map((file) => {
      const isPage = file.endsWith('.html');
      const link = createElement('a', isPage ? 'Report' : file, { href: `runs/${id}/${file}` });
      return Object.assign(link, isPage ? { target: '_blank', rel: 'noopener' } : { download: file });
    }),
  ];
  const said = createElement('details', createElement('summary', 'What it says'), createElement('pre', text.trimEnd()));
  said.open = opened.has(id);
  said.ontoggle = () => {
    if (said.open === opened.has(id)) return;
    if (said.open) opened.add(id);
    else opened.delete(id);
    void look().catch(fail);
  };
  const bar = createElement('progress', { max: 1, ariaLabel: `Progress of ${title}` });
  if (share !== undefined) bar.value = share;
  return createElement(
    'li',
    createElement(
      'div',
      createElement('b', title),
      ` of ${input} · ${facts.filter((fact) => fact !== '').join(' · ')}`,
    ),
    ...(goes ? [bar] : []),
    createElement('div', ...controls, { className: 'row' }),
    said,
    { dataset: { run: String(id), state } },
  );
}

/** Sends something to the server, as only its own pages may. */
async function post<T>(what: string, body: object): Promise<T> {
  return answerOf<T>(
    await fetch(`runs/${what}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...itemOfPage(), ...body }),
    }),
  );
}

async function answerOf<T>(answer: Response): Promise<T> {
  if (answer.ok) return (await answer.json()) as T;
  const text = await answer.text();
  throw new Error(`${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`);
}
