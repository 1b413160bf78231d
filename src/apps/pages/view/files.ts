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

/** The files of a drop. Throws an Error for a folder, which browsers pass as an unreadable file. */
export function droppedFiles(transfer: DataTransfer): InputFile[] {
  const folder = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).find((entry) => entry?.isDirectory);
  if (folder) throw new Error(`${folder.name} is a folder; drop the files that are in it.`);
  return [...transfer.files].map((file) => ({ name: file.name, blob: file }));
}
