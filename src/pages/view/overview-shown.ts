/** Whether the overview of a run is shown instead of the picture of a frame. */
export const isOverview = (): boolean => document.body.dataset.overview === 'true';
