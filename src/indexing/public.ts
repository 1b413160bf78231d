/** The public names of indexing. */
export type {
  CentredCell,
  Crystal,
  FewSpotParameters,
  FoundCell,
  ImageView,
  Indexer,
  IndexerMethods,
  IndexerOptions,
  IndexingInput,
  IndexingMethod,
  IndexingStages,
  IndexingThresholds,
  KnownCellsInput,
  PickedDirection,
  Refinement,
  SearchedCell,
  StageVector,
  StreamItem,
  StreamOptions,
  StreamResult,
} from './indexer.js';
export type { IndexingResult, OtherHand } from './result.js';
