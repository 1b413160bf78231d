/** One image to be shown. */
import { expectsMembers } from '../../base/arguments.js';
export interface LivePicture {
  readonly title: string;
  readonly height: number;
  readonly width: number;
  /** The numbers, row by row; NaN at positions of the scan that have no result, or none yet. */
  readonly data: ArrayLike<number>;
  /** Fraction of the scan that is finished. */
  readonly done: number;
  readonly final: boolean;
}

/** Throws `Argument` unless it is an image. */
export const expectsPicture = (name: string, picture: Pick<LivePicture, 'data' | 'height' | 'width'>): void =>
  expectsMembers(`${name}: the picture`, picture, ['data', 'height', 'width'], '{ data, height, width }');
