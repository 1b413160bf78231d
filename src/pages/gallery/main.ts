/** The list of a folder: what each entry is, and a small picture of it, is asked for when it comes into view. */
import type { GalleryEntry, GalleryItem, ShownRun } from '../../entries/pages.js';
import { byId } from '../by-id.js';
import { createElement } from '../view/elements.js';

const within = new URLSearchParams(location.search).get('in') ?? '';
const pathOf = (name: string): string => (within === '' ? name : `${within}/${name}`);
const addressOf = (page: string, values: Readonly<Record<string, string>>): string =>
  `${page}?${new URLSearchParams(values)}`;
const folderAddress = (path: string): string =>
  `gallery.html?served${path === '' ? '' : `&in=${encodeURIComponent(path)}`}`;

async function answerOf<T>(address: string): Promise<T> {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`The server of this page answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** A size in bytes, as file managers write it. */
function sizeText(bytes: number): string {
  const power = bytes < 1000 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${['bytes', 'kB', 'MB', 'GB', 'TB'][power]}`;
}

const dateText = (ms: number): string => new Date(ms).toISOString().slice(0, 16).replace('T', ' ');

/** Draws what an entry is. */
function showItem(line: HTMLElement, { name }: GalleryEntry, item: GalleryItem): void {
  const [picture, words] = [line.querySelector('.picture'), line.querySelector('.words')] as [HTMLElement, HTMLElement];
  const image = item.picture && createElement('img', { alt: '', src: `data:image/png;base64,${item.picture}` });
  picture.replaceChildren(image || '');
  line.classList.toggle('flat', !image);
  const facts = [item.kind, item.shape, item.state].filter((text) => text !== undefined).join(' · ');
  const title = item.opens
    ? createElement('a', name, { href: `${addressOf('view.html', { in: within, item: name })}&served` })
    : name;
  words.replaceChildren(
    createElement('div', title, { className: 'name' }),
    createElement('div', facts, { className: 'facts' }),
    ...(item.why === undefined ? [] : [createElement('div', item.why, { className: 'why' })]),
    ...words.querySelectorAll('.runs'),
  );
  line.dataset.state = item.state;
}

/** The line of an entry; `look` is called with files, which are looked at when they come into view. */
function lineOf(entry: GalleryEntry, look: (line: HTMLElement) => void): HTMLElement {
  const { name, type, size, modified, files, to } = entry;
  const isFolder = type === 'folder';
  const title = isFolder ? createElement('a', `${name}/`, { href: folderAddress(pathOf(name)) }) : name;
  const said = {
    file: files === undefined ? '…' : `${files} files …`,
    folder: 'folder',
    link: `a link to ${to}, which is outside of this folder: not followed`,
    other: 'neither a file nor a folder',
  }[type];
  const words = createElement(
    'div',
    createElement('div', title, { className: 'name' }),
    createElement('div', said, { className: 'facts' }),
    { className: 'words' },
  );
  const facts = [
    ...(size === undefined ? [] : [createElement('div', sizeText(size))]),
    ...(modified === undefined ? [] : [createElement('div', dateText(modified))]),
  ];
  const line = createElement('li', createElement('div', { className: 'picture' }), words);
  line.append(createElement('div', ...facts, { className: 'size' }));
  line.dataset.name = name;
  if (type === 'file') look(line);
  else line.classList.add('flat');
  return line;
}

/** Time between two looks at runs that were started, ms. */
const everyMs = 2000;

/** Shows the runs of entries that pages have started, again and again. */
async function showRuns(): Promise<void> {
  const { runs } = await answerOf<{ runs: readonly ShownRun[] }>('runs/list');
  for (const line of document.querySelectorAll<HTMLElement>('#entries li')) {
    const own = runs.filter(({ entry }) => entry?.in === within && entry.item === line.dataset.name);
    const texts = own.map(({ name, state, share }) => {
      const isGoing = state === 'running' || state === 'stopping';
      return `${name}: ${state}${isGoing && share !== undefined ? `, ${Math.floor(100 * share)} %` : ''}`;
    });
    const text = texts.length === 0 ? '' : `runs here: ${texts.join('; ')}`;
    const shown = line.querySelector('.runs') ?? createElement('div', { className: 'runs facts' });
    if (shown.textContent !== text) shown.textContent = text;
    if (text !== '' && !shown.isConnected) line.querySelector('.words')?.append(shown);
  }
  setTimeout(() => void showRuns().catch(() => undefined), everyMs);
}

async function start(): Promise<void> {
  const { folder, entries, starts } = await answerOf<{
    folder: string;
    entries: readonly GalleryEntry[];
    starts: boolean;
  }>(addressOf('gallery.json', { in: within }));
  const title = within === '' ? folder : `${folder}/${within}`;
  document.title = `${title} · ewald`;
  const parts = within.split('/').filter((part) => part !== '');
  const steps = parts.flatMap((part, i) => [
    ' / ',
    i + 1 < parts.length ? createElement('a', part, { href: folderAddress(parts.slice(0, i + 1).join('/')) }) : part,
  ]);
  byId('title').replaceChildren(
    parts.length > 0 ? createElement('a', folder, { href: folderAddress('') }) : folder,
    ...steps,
  );
  byId('about').textContent = entries.length === 0 ? 'This folder is empty.' : `${entries.length} entries`;
  const waiting = new Map<Element, GalleryEntry>();
  const observer = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      const entry = waiting.get(target);
      if (!isIntersecting || !entry) continue;
      observer.unobserve(target);
      waiting.delete(target);
      const failed = (error: unknown): GalleryItem => ({
        ...{ kind: 'unknown', state: 'unreadable', opens: false },
        why: error instanceof Error ? error.message : String(error),
      });
      void answerOf<GalleryItem>(addressOf('gallery-item.json', { in: within, name: entry.name }))
        .catch(failed)
        .then((item) => showItem(target as HTMLElement, entry, item));
    }
  });
  byId('entries').replaceChildren(
    ...entries.map((entry) =>
      lineOf(entry, (line) => {
        waiting.set(line, entry);
        observer.observe(line);
      }),
    ),
  );
  document.documentElement.dataset.ready = 'yes';
  if (starts) await showRuns();
}

start().catch((error: unknown) => {
  byId('about').textContent = error instanceof Error ? error.message : String(error);
});
