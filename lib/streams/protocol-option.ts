import { isRecord } from '../../codec/argument.js';
import { boundaryProtocol } from '../../codec/index.js';

/** The option `protocol` of a stream. The codec checks its properties. */
export const PROTOCOL_OPTION = {
  expected: 'a protocol: an object with tags',
  accepts: isRecord,
  default: boundaryProtocol,
  defaultDoc: "boundary's",
};
