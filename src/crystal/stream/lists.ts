/** Omits lists from the text of a chunk, as CrystFEL does with --no-peaks-in-stream and --no-refls-in-stream. */
import { marks } from './stream.js';

/** The text without the lines from `begin` to `end`, both included. */
function without(text: string, begin: string, end: string): string {
  let kept = '';
  let from = 0;
  for (;;) {
    const at = text.indexOf(`\n${begin}\n`, from);
    const last = at < 0 ? -1 : text.indexOf(`\n${end}\n`, at);
    if (last < 0) return kept + text.slice(from);
    kept += text.slice(from, at);
    from = last + 1 + end.length;
  }
}

/** Which lists are kept; by default both. */
interface WantedLists {
  readonly peaks?: boolean | undefined;
  readonly reflections?: boolean | undefined;
}

/** A chunk with only the lists that are wanted; all other lines, such as the number of peaks, are unchanged. */
export function withLists(chunk: string, { peaks = true, reflections = true }: WantedLists): string {
  const some = peaks ? chunk : without(chunk, marks.peaksBegin, marks.peaksEnd);
  return reflections ? some : without(some, marks.reflectionsBegin, marks.reflectionsEnd);
}
