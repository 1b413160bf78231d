/** The frames of a run in progress: the server states where they are, and the worker reads them from there. */

import { memoryDataset, open } from '../../entries/data.js';
import type { StreamChunk } from '../../entries/index.js';
import { openStacked } from '../../entries/pages.js';
import type { FrameData } from './contrast.js';
import { type FrameIndex, type FramesOf, OpenFiles, parseChunk } from './frame-index.js';
import type { OpenDataset } from './open-dataset.js';
import type { InputFile } from './protocol.js';
import { showable } from './shown.js';

/** The information that the server gives about a frame. */
interface FramePlace {
  /** Its number in the order of arrival. */
  readonly index: number;
  readonly event?: number | undefined;
  readonly name?: string | undefined;
  /** Path of its pixels on the server; undefined if they are not kept. */
  readonly path?: string | undefined;
  /** Numbers that were received with the frame, by the paths by which a geometry refers to them. */
  readonly values?: Readonly<Record<string, number>> | undefined;
  readonly ageMs?: number | undefined;
  /** Its chunk of the stream. */
  readonly chunk?: string | undefined;
}

/** Maximum number of places kept, for the frame that is shown and the next ones. */
const maxPlaces = 4;

/** Requests a path from the server. Throws an Error with a message for the user if there is no valid answer. */
async function ask(path: string): Promise<Response> {
  const answer = await fetch(path).catch(() => {
    throw new Error('The server of this page does not answer; its run may have ended.');
  });
  if (!answer.ok) throw new Error(`The server answered ${answer.status} where a frame of the run was expected.`);
  return answer;
}

/** A frame that was received over the network, and that the server has discarded. */
export class NotKept extends Error {
  constructor(frame: number) {
    super(`Frame ${frame} was received over the network and is not kept; newer ones can be shown.`);
  }
}

export class LiveBook implements FrameIndex {
  readonly #files = new OpenFiles([], true);
  readonly #places = new Map<number, FramePlace>();

  constructor(of: FramesOf = {}) {
    this.#files.of = of;
  }

  /** Requests the newest frame of a kind after another frame; undefined if there is none. */
  async newest(client: string, only: string, after: number): Promise<FramePlace | undefined> {
    const answer = await ask(`live/newest?client=${client}&only=${only}&after=${after}`);
    if (answer.status === 204) return undefined;
    const place = (await answer.json()) as FramePlace;
    this.#keep(place);
    return place;
  }

  async read(frame: number): Promise<FrameData> {
    const place = await this.#placeOf(frame);
    const file = fileAt(place);
    if ('address' in file) return this.#files.read(file, place.event ?? 0);
    const dataset = await receivedDataset(place);
    const data = showable(await dataset.read(0, 1));
    await dataset.dispose();
    return data;
  }

  async chunk(frame: number): Promise<StreamChunk | undefined> {
    const { chunk, name = 'the run' } = await this.#placeOf(frame);
    return chunk === undefined ? undefined : parseChunk(chunk, name);
  }

  dispose(): Promise<void> {
    return this.#files.dispose();
  }

  async #placeOf(frame: number): Promise<FramePlace> {
    const known = this.#places.get(frame);
    if (known) return known;
    const place = (await (await ask(`live/frame/${frame}`)).json()) as FramePlace;
    this.#keep(place);
    return place;
  }

  #keep(place: FramePlace): void {
    this.#places.set(place.index, place);
    const [oldest] = this.#places;
    if (this.#places.size > maxPlaces && oldest) this.#places.delete(oldest[0]);
  }
}

export const isReceived = ({ path }: FramePlace): boolean => path?.startsWith('live/received/') ?? false;

/** The file of a frame; for a frame that was received over the network and therefore has no file, only its name. */
function fileAt(place: FramePlace): InputFile | { readonly name: string } {
  const { path, name = 'the frame', index } = place;
  if (path === undefined) throw new NotKept(index);
  return isReceived(place) ? { name } : { name, address: new URL(path, location.href).href };
}

async function receivedDataset({ path = '', index }: FramePlace): Promise<OpenDataset> {
  const answer = await fetch(path);
  if (!answer.ok) throw new NotKept(index);
  return open(new Uint8Array(await answer.arrayBuffer()));
}

/** Opens the dataset of a frame, which describes the detector. */
export async function datasetAt(place: FramePlace, { geometry, dataset }: FramesOf): Promise<OpenDataset> {
  const file = fileAt(place);
  return 'address' in file
    ? openStacked((how) => open(file.address, { ...how, growing: true }), geometry, dataset)
    : receivedDataset(place);
}

/** Opens the numbers to which a geometry refers: those that were received with a frame, or datasets of its file. */
export const valuesAt =
  (place: FramePlace, dataset: OpenDataset) =>
  async (_file: string, path: string): Promise<OpenDataset> => {
    const value = place.values?.[path];
    if (value !== undefined) return memoryDataset(Float64Array.of(value), { sigShape: [1], name: path });
    if (dataset.openOther) return dataset.openOther(path);
    throw new Error(`The geometry refers to ${path}, which was not received with the frame.`);
  };
