/** The size of a type when it is fully expanded; nested typedefs can double it with every line of a header. */
import type { CType } from './types.js';

export interface Weight {
  readonly nodes: number;
  readonly depth: number;
}

const single: Weight = { nodes: 1, depth: 1 };
const known = new WeakMap<CType, Weight>();

/** Nodes and depth of a type as a tree; shared parts are counted as often as they occur in the expanded type. */
export function weightOf(type: CType): Weight {
  if (type.kind !== 'pointer' && type.kind !== 'function' && type.kind !== 'array') return single;
  const before = known.get(type);
  if (before) return before;
  let nodes = 1;
  let depth = 0;
  for (const part of partsOf(type)) {
    const weight = weightOf(part);
    nodes += weight.nodes;
    depth = Math.max(depth, weight.depth);
  }
  const weight = { nodes, depth: depth + 1 };
  known.set(type, weight);
  return weight;
}

/** The component types of a type. */
export function partsOf(type: CType): readonly CType[] {
  switch (type.kind) {
    case 'pointer':
      return [type.to];
    case 'array':
      return [type.of];
    case 'function':
      return [type.result, ...type.parameters.map((parameter) => parameter.type)];
    default:
      return [];
  }
}
