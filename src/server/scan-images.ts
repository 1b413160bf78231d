/**
 * Images of a run over a scan. Only the latest of each name is kept; pages are notified when there is another one, and
 * request it when they have shown the previous one.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bytesOfArray } from '../bytes/dtype.js';
import type { LivePicture } from '../udf/live/picture.js';

/** The description of an image that pages receive. */
export interface ScanImageFacts {
  readonly title: string;
  readonly height: number;
  readonly width: number;
  /** Unit of its numbers, if it is known. */
  readonly unit?: string | undefined;
  /** Counts the changes of the image, from 1. */
  readonly version: number;
}

interface ScanImage extends ScanImageFacts {
  readonly numbers: Float32Array;
}

export class ScanImages {
  readonly #images = new Map<string, ScanImage>();
  /** Fraction of the scan that is finished. */
  done = 0;
  /** When the newest image came, in milliseconds of the server; undefined before the first. */
  ms: number | undefined;

  /** Keeps a copy of an image in place of the previous one of the same title. */
  put({ title, height, width, data, unit, done }: LivePicture, ms: number): void {
    const version = (this.#images.get(title)?.version ?? 0) + 1;
    this.#images.set(title, { title, height, width, unit, version, numbers: Float32Array.from(data) });
    this.done = done;
    this.ms = ms;
  }

  /** All images, in the order of their first appearance. */
  get facts(): readonly ScanImageFacts[] {
    return [...this.#images.values()].map(({ numbers: _, ...facts }) => facts);
  }

  /** Sends an image by its number as float32, little-endian, row by row; returns false if it does not exist. */
  answer(request: IncomingMessage, response: ServerResponse, index: number): boolean {
    const image = [...this.#images.values()][index];
    if (!image) return false;
    const bytes = bytesOfArray(image.numbers);
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': bytes.length,
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return true;
  }
}
