/** Files that are chosen, dropped, or offered by `ewald view`. */
import { applyAddress } from './address-controls.js';
import { engine, say, viewer } from './app.js';
import { inputById, onClick } from './elements.js';
import { droppedFiles } from './files.js';
import { growStream } from './live-controls.js';
import type { InputFile, OpeningHow } from './protocol.js';
import { cellOf, inputsOf, servedFiles } from './served-files.js';

/** Time until a stream without frames is opened again, ms. */
const againMs = 1000;

async function bring(files: readonly InputFile[], how: OpeningHow = {}): Promise<void> {
  if (files.length === 0) return;
  await viewer.open(files, how);
  if (viewer.opened) await applyAddress();
}

export function bindFiles(): void {
  viewer.onHeaderless = (files, shape) => {
    if (files.length === 0) return false;
    import('./headerless.js')
      .then(({ askForShape }) => askForShape(files, shape, () => void (viewer.opened && applyAddress())))
      .catch(viewer.fail);
    return true;
  };
  const input = inputById('files');
  input.addEventListener('change', () => {
    void bring([...(input.files ?? [])].map((file) => ({ name: file.name, blob: file })));
    // Allows the same file to be chosen again.
    input.value = '';
  });
  onClick('choose', () => input.click());
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    document.body.classList.add('over');
  });
  document.addEventListener('dragleave', ({ relatedTarget }) => {
    if (!relatedTarget) document.body.classList.remove('over');
  });
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('over');
    if (!event.dataTransfer) return;
    try {
      const { files, leftOut } = droppedFiles(event.dataTransfer);
      void bring(files, { leftOut });
    } catch (error) {
      say((error as Error).message, true);
    }
  });
}

/** Opens the files that `ewald view` serves to this page. */
export async function openServed(): Promise<void> {
  const own = new URLSearchParams(location.search);
  const home = document.querySelector<HTMLAnchorElement>('h1 a');
  // Of an entry of a folder, the way back is to its list.
  if (home && own.has('item')) {
    home.href = `gallery.html?served&${new URLSearchParams({ in: own.get('in') ?? '' })}`;
    home.title = 'The folder';
  }
  for (;;) {
    // Its scripts and the list of the files come at the same time.
    engine.begin();
    const served = await servedFiles();
    await bring([...inputsOf(served), ...cellOf(served)], served);
    if (viewer.opened?.listed) await growStream(served);
    if (served.note !== undefined) say(served.note, true);
    if (served.starts) await import('./run-there.js').then(({ offerRuns }) => offerRuns(served));
    const [first] = served.files;
    if (!served.follow || !first || viewer.opened) return;
    // A stream begins before its first frame.
    say(`Waiting for the first frame of ${first.name}…`, false);
    await new Promise((resolve) => setTimeout(resolve, againMs));
  }
}
