/** A description that plain numbers of some size may have, for the advice of messages. */
import { type DataType, dataTypes, elementBytes } from '../bytes/dtype.js';

/** Widths of square detectors, the most common first. */
const widths = [512, 256, 1024, 2048, 4096, 128, 64, 32, 16];
const usualTypes = ['u16', 'u8', 'f32'] as const satisfies readonly DataType[];

/** A dtype and a square shape whose frames fill the file, if there are any; otherwise ones that frames often have. */
export function suggestedShape(
  bytes: number,
  dataType?: DataType,
): { readonly dtype: DataType; readonly sigShape: [number, number] } {
  const types = dataType !== undefined && dataTypes.includes(dataType) ? [dataType] : usualTypes;
  for (const dtype of types) {
    const numbers = bytes / elementBytes(dtype);
    const side = Math.sqrt(numbers);
    const width = widths.find((width) => numbers % width ** 2 === 0) ?? (Number.isInteger(side) ? side : 0);
    if (numbers > 0 && width > 1) return { dtype, sigShape: [width, width] };
  }
  return { dtype: types[0] ?? 'u16', sigShape: [512, 512] };
}
