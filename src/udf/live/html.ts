/** An image as HTML for hosts that display it: an `img` with a data URL in its original size. */
import { dataUrl, encodePng } from '../../base/png.js';
import { toRgba } from '../images/colormap.js';
import { expectsPicture, type LivePicture } from './picture.js';

/** `<figure>` with the image and its title. */
export function pictureHtml(picture: LivePicture): string {
  expectsPicture('pictureHtml', picture);
  const { title, data, height, width, done } = picture;
  const png = encodePng(toRgba(data), width, height);
  const name = title.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return (
    `<figure><img alt="${name}" width="${width}" height="${height}" ` +
    `src="${dataUrl(png)}"><figcaption>${name} (${Math.round(100 * done)} ` +
    '%)</figcaption></figure>'
  );
}
