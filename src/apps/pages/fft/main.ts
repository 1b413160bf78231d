import { messageOf } from '../../../entries/pages.js';

/** Starts the page, and states the reason if it cannot be started. */

import('./app.js').catch((error: unknown) => {
  document.documentElement.dataset.state = 'error';
  const status = document.getElementById('status');
  if (status) status.textContent = `The page could not be started: ${messageOf(error)}`;
});
