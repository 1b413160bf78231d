/** References: elements that point to an object of the file, or to a part of an array. */
import { Fields, nowhere } from './fields.js';
import { globalHeapObject } from './heaps.js';
import type { Pages } from './pages.js';
import { type AxisSelection, readSelection } from './selection.js';

/** A reference to an object of the same file, or to a part of a dataset; `none` if it was never set. */
export type Hdf5Reference =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'object';
      /** Where the object is in the file, by which `at` opens it. */
      readonly address: number;
    }
  | {
      readonly kind: 'region';
      readonly address: number;
      /** The part, axis by axis; all of it or none; or its places one by one. */
      readonly part: 'all' | 'none' | readonly AxisSelection[] | readonly (readonly number[])[];
    };

/** Reads a reference from the bytes of an element. */
export async function readReference(pages: Pages, to: 'object' | 'region', bytes: Uint8Array): Promise<Hdf5Reference> {
  const fields = new Fields(bytes, pages.widths, `${pages.source.name}: a reference`);
  const address = fields.address();
  if (address === nowhere || address === 0) return { kind: 'none' };
  if (to === 'object') return { kind: 'object', address };
  const object = await globalHeapObject(pages, address, fields.u32());
  const region = new Fields(object, pages.widths, `${pages.source.name}: a reference to a region`);
  const target = region.address();
  return { kind: 'region', address: target, part: readPoints(region) ?? readSelection(region) };
}

/** The places of a selection of single elements; undefined if it is another one. */
function readPoints(fields: Fields): number[][] | undefined {
  const { at } = fields;
  if (fields.u32() !== 1 || fields.u32() !== 1) {
    fields.at = at;
    return undefined;
  }
  fields.skip(8);
  const rank = fields.u32();
  const count = fields.u32();
  if (rank > 32 || count * rank * 4 > fields.left) throw fields.wrong(`${count} places do not fit in its bytes`);
  return Array.from({ length: count }, () => Array.from({ length: rank }, () => fields.u32()));
}
