/** The files that the server of the page offers. */
import type { InputFile, OpenRequest } from './protocol.js';

/** What the server says about the files of the page. */
export interface ServedFiles {
  readonly files: readonly { readonly name: string; readonly path: string; readonly as?: string }[];
  /** Whether frames that are added are shown. */
  readonly follow: boolean;
  /** A known cell, as numbers. */
  readonly cell?: string;
  /** How files of frames are read. */
  readonly opening?: OpenRequest['opening'];
  /** A calibration of the scan. */
  readonly calibration?: OpenRequest['calibration'];
  /** Whether this computer can compute the images of a scan. */
  readonly compute?: OpenRequest['compute'];
  /** Whether runs of them can be started on the machine of the server. */
  readonly starts?: boolean;
  /** Why not all files can be read. */
  readonly note?: string;
}

/** The entry of a folder that the page shows. */
export function itemOfPage(): { readonly in?: string; readonly item?: string } {
  const own = new URLSearchParams(location.search);
  const shown = ['in', 'item'].filter((name) => own.has(name));
  return Object.fromEntries(shown.map((name) => [name, own.get(name) as string]));
}

/** The files that the server offers, without the first ones. Throws an Error if it does not answer. */
export async function servedFiles(from = 0): Promise<ServedFiles> {
  const item = new URLSearchParams({ from: String(from), ...itemOfPage() });
  const answer = await fetch(`session.json?${item}`);
  if (!answer.ok) throw new Error(`The server of this page answered ${answer.status} instead of its files.`);
  const served = (await answer.json()) as ServedFiles;
  const { opening } = served;
  // The worker, which reads them, is at another address.
  const constants = opening?.constants?.split(',').map((path) => new URL(path, location.href).href);
  return constants ? { ...served, opening: { ...opening, constants: constants.join() } } : served;
}

/** The form in which the worker opens them. */
export const inputsOf = ({ files }: ServedFiles): InputFile[] =>
  files.map(({ name, path, as }) => ({ name, as, address: new URL(path, location.href).href }));

/** The cell that the server gives as numbers, as the worker opens it. */
export const cellOf = ({ cell }: ServedFiles): InputFile[] =>
  cell === undefined ? [] : [{ name: 'given.cell', blob: new Blob([cell]) }];
