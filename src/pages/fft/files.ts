/** The ways in which a file comes to the page: chosen, pasted, dropped. */
import { byId } from './form.js';

/** Calls `bring` with whatever comes, also when it is nothing. */
export function bindFiles(bring: (file: Blob | undefined, name: string) => void): void {
  const file = byId<HTMLInputElement>('file');
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) bring(chosen, chosen.name);
    // So that the same file can be chosen again.
    file.value = '';
  });
  document.addEventListener('paste', ({ clipboardData }) => {
    const pasted =
      [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/')) ?? clipboardData?.files[0];
    bring(pasted, pasted?.name || 'the pasted image');
  });
  // Leaving a child for another one counts as leave, too; only what enters last tells.
  let inside: EventTarget | null = null;
  document.addEventListener('dragenter', (event) => {
    inside = event.target;
    document.body.classList.add('over');
  });
  document.addEventListener('dragleave', (event) => {
    if (event.target === inside) document.body.classList.remove('over');
  });
  document.addEventListener('dragover', (event) => event.preventDefault());
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    document.body.classList.remove('over');
    const [dropped] = event.dataTransfer?.files ?? [];
    bring(dropped, dropped?.name ?? '');
  });
}
