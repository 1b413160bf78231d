/** The detector of a file, loaded when a file is opened, and without the core, which a scan may never need. */
export { openDetector } from '../../entries/pages.js';
