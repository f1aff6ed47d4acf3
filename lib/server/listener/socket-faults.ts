import type { Logger } from '../../logger.js';
import { Episode, type EpisodeTexts } from '../../telemetry/episode.js';
import type { SocketFault } from './listener.js';

const TEXTS: Record<SocketFault, EpisodeTexts> = {
  missing: {
    started: 'the socket file was deleted, so no sender can connect; making it again',
    ended: 'the socket file is there again',
  },
  changed: {
    started: 'the owner, group or permissions of the socket file were changed',
    ended: 'the socket file has its owner, group and permissions again',
  },
  taken: {
    started:
      'another server or file has taken the path of the socket, so no new sender can connect to this proxy',
    ended: 'the path of the socket belongs to this proxy again',
  },
  hidden: {
    started: 'the folder of the socket cannot be looked into',
    ended: 'the folder of the socket can be looked into again',
  },
};

/** Logs what is wrong with the socket files of a proxy: one line when it begins, and one when it is over. */
export class SocketFaults {
  readonly #logger: Logger;
  readonly #episodes = new Map<string, Episode>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** @param fault What is wrong with the file at the path now; undefined if nothing is. */
  tell(path: string, fault: SocketFault | undefined, error?: unknown): void {
    this.#episodes.get(path)?.end();
    this.#episodes.delete(path);
    if (fault === undefined) return;
    const episode = new Episode(this.#logger, TEXTS[fault], { socketPath: path });
    this.#episodes.set(path, episode);
    episode.happened({}, error === undefined ? {} : { err: error });
  }
}
