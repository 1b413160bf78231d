/** The ways to supply a file: file dialog, clipboard, drag and drop. */
import { byId } from '../by-id.js';

/** Calls `bring` with whatever was supplied, even if it contains no file. */
export function bindFiles(bring: (file: Blob | undefined, name: string) => void): void {
  const file = byId<HTMLInputElement>('file');
  file.addEventListener('change', () => {
    const [chosen] = file.files ?? [];
    if (chosen) bring(chosen, chosen.name);
    // Allows choosing the same file again.
    file.value = '';
  });
  document.addEventListener('paste', ({ clipboardData }) => {
    const pasted =
      [...(clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/')) ?? clipboardData?.files[0];
    bring(pasted, pasted?.name || 'the pasted image');
  });
  // Moving from one child to another also fires a leave event; only the element entered last is relevant.
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
