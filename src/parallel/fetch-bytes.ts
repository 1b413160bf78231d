/** Bytes of a URL. */
import { EwaldError } from '../util/errors.js';
import { fetchReason } from '../util/fetch-reason.js';

export async function fetchBytes(url: string): Promise<Uint8Array> {
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`the server answered ${response.status} ${response.statusText}`);
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    throw new EwaldError('Load', `the input ${url} of a task cannot be fetched: ${fetchReason(error)}`, {
      cause: error,
    });
  }
}
