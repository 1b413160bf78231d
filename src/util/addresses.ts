/** Addresses that users give: absolute ones everywhere, and relative ones in pages and their workers. */
import { EwaldError } from './errors.js';

/** Whether a text is an absolute address; a scheme of one letter would be a drive of Windows. */
export const isAddress = (text: string): boolean => /^[a-z][a-z0-9+.-]+:\/\//i.test(text);

/**
 * The absolute address of a text: in a page it may be relative to the document, in a worker to the worker's script.
 * Throws `Argument` for one that is relative to nothing.
 */
export function absoluteAddress(text: string): string {
  if (isAddress(text)) return text;
  const { document, location } = globalThis as Partial<Pick<typeof globalThis, 'document' | 'location'>>;
  // The script of a worker may be in a Blob, whose address has an origin and no folder.
  for (const base of [document?.baseURI ?? location?.href, text.startsWith('/') ? location?.origin : undefined])
    if (URL.canParse(text, base)) return new URL(text, base).href;
  throw new EwaldError(
    'Argument',
    `${text} is relative to an address that is not known here; give all of it: https://…`,
  );
}
