/** Downloads. */
import { createElement } from './elements.js';

/** Offers a file to the user as a download. */
export function save(name: string, content: Blob): void {
  const href = URL.createObjectURL(content);
  createElement('a', { href, download: name }).click();
  // The browser has read the content by then.
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
