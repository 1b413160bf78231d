/** Why a fetch failed, where a browser states no reason. */
import { messageOf } from './errors.js';

/** What Chromium, Safari and Firefox say of every failure: a page must not learn which it was. */
const silent = /^(?:Failed to fetch|Load failed|NetworkError when attempting to fetch resource)/;

/** The message of a failed fetch; where it is a browser's that says nothing, with what is likely. */
export const fetchReason = (cause: unknown): string => {
  const text = messageOf(cause);
  if (!silent.test(text)) return text;
  return (
    `${text.replace(/\.$/, '')}, for which a browser states no reason. If the server answers, the page is likely blocked by its ` +
    'own Content-Security-Policy (connect-src must name the address) or by CORS (the server must send ' +
    'Access-Control-Allow-Origin)'
  );
};
