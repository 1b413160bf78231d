/** Sorts the files that a user chooses or drops by their kind. */
import type { InputFile, OpenRequest } from './protocol.js';

const ending = ({ name }: { readonly name: string }): string => /\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? '';

/** Sorts files: frames, a geometry, a cell, a stream. Throws an Error with advice if they do not fit together. */
export function sortFiles(files: readonly InputFile[]): OpenRequest {
  const of = (...endings: string[]): InputFile[] => files.filter((file) => endings.includes(ending(file)));
  const geometries = of('geom');
  const cells = of('cell', 'pdb');
  // A run that was interrupted, or is under way, leaves NAME.stream.part.
  const streams = files.filter(({ name }) => /\.stream(\.part)?$/i.test(name));
  for (const [kind, found] of [
    ['geometries', geometries],
    ['cells', cells],
    ['streams', streams],
  ] as const)
    if (found.length > 1) {
      const names = found.map(({ name }) => name).join(', ');
      throw new Error(`There are ${found.length} ${kind} among the files (${names}); drop one of them.`);
    }
  const beside = [...geometries, ...cells, ...streams];
  const frames = files.filter((file) => !beside.includes(file));
  return { frames, geometry: geometries[0], cell: cells[0], ...(streams[0] ? { stream: streams[0] } : {}) };
}

/**
 * The files of a drop, and why folders are not among them, which browsers pass as unreadable files. Throws an Error if
 * there are only folders.
 */
export function droppedFiles({ items, files }: Pick<DataTransfer, 'items' | 'files'>): {
  readonly files: InputFile[];
  readonly leftOut: string[];
} {
  const entries = [...items].filter(({ kind }) => kind === 'file').map((item) => item.webkitGetAsEntry?.());
  const folders = entries.flatMap((entry) => (entry?.isDirectory ? [entry.name] : []));
  const leftOut = folders.map((name) => `${name} is a folder; drop the files that are in it`);
  const kept = [...files].filter((_, i) => !entries[i]?.isDirectory);
  if (kept.length === 0 && leftOut.length > 0) throw new Error(`${leftOut.join('. ')}.`);
  return { files: kept.map((file) => ({ name: file.name, blob: file })), leftOut };
}
