/** The page that runs the case tables in a browser, for half a minute or until all of them have run. */
import { createContext } from '../../entries/index.js';
import { messageOf } from '../../entries/pages.js';
import { type BackendName, htmlPage, reportBody, style, validate } from '../../entries/validate.js';
import { byId } from '../by-id.js';

/** Time for a first answer, in seconds; `validate.html?all` runs all cases. */
const usualSeconds = 30;

/** The backends that a browser may have; cases of others would all be absent. */
const browserBackends: readonly BackendName[] = ['webgpu', 'wasm'];

const outcome = (state: string): void => {
  document.documentElement.dataset.outcome = state;
};

/** Shows only the rows with all words of the filter, as the downloaded report does by its own script. */
function bindFilter(): void {
  const box = byId<HTMLInputElement>('filter');
  box.addEventListener('input', () => {
    const words = box.value.toLowerCase().split(/\s+/);
    for (const row of document.querySelectorAll<HTMLElement>('tbody tr[data-text]'))
      row.hidden = !words.every((word) => row.dataset.text?.includes(word));
  });
}

/** The widths of bars, which a page without inline styles may only set by script. */
function writeReport(html: string): void {
  const template = document.createElement('template');
  template.innerHTML = html.replaceAll(' style="width:', ' data-width="');
  for (const bar of template.content.querySelectorAll<HTMLElement>('[data-width]'))
    bar.style.width = bar.dataset.width ?? '';
  byId('report').replaceChildren(template.content);
}

function save(name: string, type: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { download: name, href }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
}

async function start(): Promise<void> {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  document.adoptedStyleSheets = [sheet];
  // validate.html?ids=pi:*,indexing:fast&backend=wasm runs some of the cases, all of them if no seconds are given.
  const query = new URLSearchParams(location.search);
  const listOf = (name: string): string[] | undefined => query.get(name)?.split(',').filter(Boolean);
  const [ids, backends] = [listOf('ids'), listOf('backend') as BackendName[] | undefined];
  const given = query.get('seconds');
  const seconds = given === null ? (ids || query.has('all') ? undefined : usualSeconds) : Number(given);
  if (seconds === undefined)
    byId('about').textContent =
      'The shipped cases run here, on every backend of this browser, against an independent reference.';
  const start = performance.now();
  const report = await validate({
    createContext,
    ...(ids ? { ids } : {}),
    backends: backends ?? browserBackends,
    ...(seconds === undefined ? {} : { seconds }),
    place: navigator.userAgent,
    onResult: ({ id, backend }, done, total) => {
      // With a limit, the bar is the time that has passed.
      const share = seconds === undefined ? done / total : (performance.now() - start) / 1000 / seconds;
      byId<HTMLProgressElement>('bar').value = Math.min(1, share);
      byId('now').textContent = `${done} of ${total}: ${id} on ${backend}`;
    },
  });
  writeReport(reportBody(report));
  bindFilter();
  byId('tools').hidden = false;
  byId('all').hidden = report.left === 0;
  byId('all').onclick = () => location.assign('validate.html?all');
  byId('json').onclick = () => save('ewald-validate.json', 'application/json', JSON.stringify(report, null, 1));
  byId('html').onclick = () => save('ewald-validate.html', 'text/html', htmlPage(report));
  byId('again').onclick = () => location.reload();
  // For programs that drive the page.
  Object.assign(globalThis, { ewaldReport: report });
  outcome(report.pass ? 'pass' : 'fail');
}

start().catch((error: unknown) => {
  byId('now').textContent = `The cases could not be run: ${messageOf(error)}`;
  outcome('error');
});
