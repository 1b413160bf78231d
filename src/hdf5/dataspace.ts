/** Dataspaces: shapes. */
import { product } from '../util/product.js';
import type { Fields } from './fields.js';

/** A shape; `null` has no elements at all. `most` are the sizes to which it can grow. */
export interface Dataspace {
  readonly kind: 'null' | 'scalar' | 'simple';
  readonly shape: readonly number[];
  readonly most: readonly number[];
}

/** Reads a dataspace message. */
export function readDataspace(fields: Fields): Dataspace {
  const version = fields.version(1, 2);
  const rank = fields.u8();
  const flags = fields.u8();
  let kind: Dataspace['kind'] = rank === 0 ? 'scalar' : 'simple';
  if (version === 1) fields.skip(5);
  else kind = (['scalar', 'simple', 'null'] as const)[fields.u8()] ?? kind;
  if (rank > 32) throw fields.wrong(`a shape of ${rank} dimensions is impossible`);
  const shape = Array.from({ length: rank }, () => fields.length());
  const most = flags & 1 ? Array.from({ length: rank }, () => fields.limit()) : shape;
  if (product(shape) > Number.MAX_SAFE_INTEGER)
    throw fields.wrong(`a shape of ${shape.join(' × ')} is larger than any file`);
  return { kind, shape, most };
}

/** Number of elements of a dataspace. */
export const elementsOf = (space: Dataspace): number => (space.kind === 'null' ? 0 : product(space.shape));
