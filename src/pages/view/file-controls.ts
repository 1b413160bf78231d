/** Files that are chosen, dropped, or offered by `ewald view`. */
import { applyAddress } from './address-controls.js';
import { say, viewer } from './app.js';
import { field, onClick } from './elements.js';
import { droppedFiles } from './files.js';
import type { InputFile } from './protocol.js';

async function bring(files: readonly InputFile[]): Promise<void> {
  if (files.length === 0) return;
  await viewer.open(files);
  if (viewer.opened) await applyAddress();
}

export function bindFiles(): void {
  const input = field('files');
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
      void bring(droppedFiles(event.dataTransfer));
    } catch (error) {
      say((error as Error).message, true);
    }
  });
}

/** Opens the files that `ewald view` serves to this page. */
export async function openServed(): Promise<void> {
  const answer = await fetch('session.json');
  if (!answer.ok)
    throw new Error(`The server of this page answered ${answer.status} where the list of files was expected.`);
  const { files } = (await answer.json()) as {
    readonly files: readonly { readonly name: string; readonly path: string; readonly as?: string }[];
  };
  await bring(files.map(({ name, path, as }) => ({ name, as, address: new URL(path, location.href).href })));
}
