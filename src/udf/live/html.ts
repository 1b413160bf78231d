/** An image as HTML for hosts that display it: an `img` with a data URL at its own size. */
import { encodePng } from '../../base/png.js';
import { toRgba } from '../colormap.js';
import { expectsPicture, type LivePicture } from './picture.js';

/** `<figure>` with the image and its title. */
export function pictureHtml(picture: LivePicture): string {
  expectsPicture('pictureHtml', picture);
  const { title, data, height, width, done } = picture;
  const png = encodePng(toRgba(data), width, height);
  let binary = '';
  for (let i = 0; i < png.length; i += 8192) binary += String.fromCharCode(...png.subarray(i, i + 8192));
  const name = title.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return (
    `<figure><img alt="${name}" width="${width}" height="${height}" ` +
    `src="data:image/png;base64,${btoa(binary)}"><figcaption>${name} (${Math.round(100 * done)} ` +
    '%)</figcaption></figure>'
  );
}
