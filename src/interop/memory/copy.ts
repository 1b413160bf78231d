/** Copies of elements between memories and arrays of any layout. */
import type { Elements } from './elements.js';
import { BufferError } from './errors.js';

/**
 * Copies all elements after the checks of the original, in their order. With `cast` the bits are kept whatever the
 * format; nothing is converted.
 */
export function copyElements(target: Elements, source: Elements, cast: boolean): void {
  if (target.readonly) throw new BufferError('READONLY', 'copying to readonly buffer');
  for (const { shape } of [target, source]) {
    if (shape.length !== 2)
      throw new BufferError('NDIM', `wrong number of dimensions: expected 2, received ${shape.length}`);
  }
  const [rows = 0, columns = 0] = target.shape;
  if (rows !== source.shape[0] || columns !== source.shape[1]) {
    throw new BufferError('SHAPE', `different shapes: the target has [${target.shape}], the source [${source.shape}]`);
  }
  if (!cast && target.format.text !== source.format.text) {
    throw new BufferError(
      'FORMAT',
      `different formats: the target has "${target.format.text}", the source "${source.format.text}"; { cast: true } ` +
        'copies the bits',
    );
  }
  const { size } = target.format;
  if (size !== source.format.size)
    throw new BufferError(
      'ITEMSIZE',
      `different itemsizes: the target has ${size} bytes, the source ${source.format.size}`,
    );
  const [[, targetStep = 0], [, sourceStep = 0]] = [target.strides, source.strides];
  for (let i = 0; i < rows; i++) {
    const [to, from] = [target.row(i), source.row(i)];
    const [toView, fromView] = [to.span.view(), from.span.view()];
    if (sourceStep === size && targetStep === size) {
      bytesAt(toView, to.offset, columns * size).set(bytesAt(fromView, from.offset, columns * size));
      continue;
    }
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < size; k++)
        toView.setUint8(to.offset + j * targetStep + k, fromView.getUint8(from.offset + j * sourceStep + k));
    }
  }
}

const bytesAt = (view: DataView, offset: number, bytes: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset + offset, bytes);
