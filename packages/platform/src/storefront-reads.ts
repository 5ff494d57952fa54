import type { Answer, Tongue } from '@souk/domain/catalog/listing/listing.service';
import { currencyFor, localeFor, readShopFacts, type ShopFacts } from '@souk/domain/catalog/listing/shop-facts.service';
import type { Ctx, Run, Session } from '@souk/domain/kernel/ctx';
import { latestServer } from '@souk/domain/kernel/database-server';
import type { CompanyId } from '@souk/domain/kernel/ids';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AnswerCache, AnswerName, MadeAnswer } from './answer-cache.ts';
import type { CatalogueVersions } from './catalogue-versions.ts';
import { movedTo, type ReadyAnswer, readyText, sendCacheable } from './http/cacheable.ts';

/** Companies whose facts are in memory. */
const FACTS_MAX = 5_000;

/** What a visitor asked for, as far as it decides in what the answer is written. */
interface InTongue {
  readonly currency?: string | undefined;
  readonly locale?: string | undefined;
}

export interface Read {
  /** The route with its path. */
  readonly route: string;
  readonly query: InTongue;
  readonly canonical: string;
  /** Reads the answer in a unit of work. */
  make(ctx: Ctx, facts: ShopFacts, tongue: Tongue): Promise<Answer>;
  /** The path of a thing that was renamed, without the query. */
  pathOf?(handle: string): string;
}

interface KnownFacts {
  readonly version: number;
  /** It was read from this one (`Ctx.server`). */
  readonly server: string;
  readonly facts: ShopFacts;
  readonly goodUntil: number;
}

interface Parts {
  readonly run: Run;
  readonly versions: Pick<CatalogueVersions, 'of'>;
  readonly cache: AnswerCache;
}

/**
 * What visitors read of the catalogue. Each request looks up the catalogue's version (one look-up for all that arrive
 * together); under the same version what is in memory is sent as it is. At most two statements a read; a third for a
 * product that is not there by that handle, which may have been renamed.
 */
export class StorefrontReads {
  private readonly facts = new Map<CompanyId, KnownFacts>();
  private readonly reading = new Map<string, Promise<KnownFacts>>();
  private readonly now: () => number;

  constructor(
    private readonly parts: Parts,
    { now = Date.now }: { now?: () => number } = {},
  ) {
    this.now = now;
  }

  /** Answers a request. Throws `InvalidInput` for a currency the shop does not sell in, and what `make` throws. */
  send(session: Session, request: FastifyRequest, reply: FastifyReply, read: Read): Promise<FastifyReply> {
    const { headers } = request;
    const language = headers['accept-language'];
    if (!this.parts.cache.isOn)
      return this.withoutMemory(session, language, read).then((answer) => {
        sendCacheable(reply, answer, headers['if-none-match']);
        return reply;
      });
    return this.parts.versions.of(session.companyId).then((version) => {
      // Without another promise when all is known: that is most of what such a request costs.
      const known = this.knownFacts(session);
      const isGood = known?.version === version;
      const ready = isGood ? this.parts.cache.peek(this.nameOf(session, known, language, read)) : undefined;
      if (ready) {
        sendCacheable(reply, ready, headers['if-none-match']);
        return reply;
      }
      return this.answerTo(session, version, isGood ? known : undefined, language, read).then((answer) => {
        sendCacheable(reply, answer, headers['if-none-match']);
        return reply;
      });
    });
  }

  private async answerTo(
    session: Session,
    version: number,
    known: KnownFacts | undefined,
    language: string | undefined,
    read: Read,
  ): Promise<ReadyAnswer> {
    const found = known ?? (await this.factsOf(session, version));
    const name = this.nameOf(session, found, language, read);
    return this.parts.cache.get(name, async () => {
      // Past the boundary the facts are read anew, so an answer made under these must not outlive it.
      const left = found.goodUntil - this.now();
      const made = await this.parts.run(session, (ctx) => read.make(ctx, found.facts, tongueOf(found, language, read)));
      return madeOf({ ...made, goodForMs: Math.min(made.goodForMs, left) }, tongueOf(found, language, read), read);
    });
  }

  /**
   * Without memory for answers nothing waits for the version: it comes with the answer. Only when the shop's facts turn out
   * to be old by then is the answer made once more.
   */
  private async withoutMemory(session: Session, language: string | undefined, read: Read): Promise<ReadyAnswer> {
    const known = this.knownFacts(session);
    if (known) {
      const made = await this.parts
        .run(session, async (ctx) => ({
          ...(await read.make(ctx, known.facts, tongueOf(known, language, read))),
          server: ctx.server,
        }))
        .catch((error: unknown) => this.unlessOld(session, known, error));
      if (made?.version === known.version && made.server === known.server)
        return madeOf(made, tongueOf(known, language, read), read).answer;
    }
    const found = await this.factsOf(session, await this.parts.versions.of(session.companyId));
    const made = await this.parts.run(session, (ctx) => read.make(ctx, found.facts, tongueOf(found, language, read)));
    return madeOf(made, tongueOf(found, language, read), read).answer;
  }

  /** What was refused by old facts is asked again; what was refused by the present ones stays refused. */
  private async unlessOld({ companyId }: Session, known: KnownFacts, error: unknown): Promise<undefined> {
    const version = await this.parts.versions.of(companyId);
    if (version === known.version && known.server === latestServer()) throw error;
    return undefined;
  }

  /** What it remembers of the shop, unless the clock or another database server may have changed it. */
  private knownFacts({ companyId }: Session): KnownFacts | undefined {
    const known = this.facts.get(companyId);
    return known && known.goodUntil > this.now() && known.server === latestServer() ? known : undefined;
  }

  private nameOf(session: Session, found: KnownFacts, language: string | undefined, read: Read): AnswerName {
    const { currency, locale } = tongueOf(found, language, read);
    const { companyId } = session;
    const asked = `${read.route}|${currency}|${locale}|${read.canonical}${read.pathOf ? namedOf(read.query) : ''}`;
    return { companyId, version: found.version, asked };
  }

  /** They change with the version and at boundaries, so they are read once between two of those. */
  private factsOf(session: Session, version: number): Promise<KnownFacts> {
    const { companyId } = session;
    const flight = `${companyId}|${version}|${latestServer()}`;
    const running = this.reading.get(flight);
    if (running) return running;
    const mine = this.readFacts(session, version).finally(() => this.reading.delete(flight));
    this.reading.set(flight, mine);
    return mine;
  }

  private async readFacts(session: Session, version: number): Promise<KnownFacts> {
    const startedAt = this.now();
    const { facts, server } = await this.parts.run(session, async (ctx) => ({
      facts: await readShopFacts(ctx),
      server: ctx.server,
    }));
    const known = {
      version,
      server,
      facts,
      goodUntil: startedAt + Math.max(0, facts.boundaryInMs ?? Number.POSITIVE_INFINITY),
    };
    const { companyId } = session;
    const before = this.facts.get(companyId);
    if (before && before.version > version && before.server === server) return known;
    this.facts.delete(companyId);
    const [oldest] = this.facts.size < FACTS_MAX ? [] : this.facts.keys();
    if (oldest !== undefined) this.facts.delete(oldest);
    this.facts.set(companyId, known);
    return known;
  }
}

const tongueOf = ({ facts }: KnownFacts, acceptLanguage: string | undefined, { query }: Read): Tongue => ({
  currency: currencyFor(facts, query.currency),
  locale: localeFor(facts, query.locale, acceptLanguage),
});

/** What of it was named. A move leads on with that, so an answer that may be a move is one for those who named the same. */
const namedOf = ({ currency, locale }: InTongue) => `|${currency ? 'c' : ''}${locale ? 'l' : ''}`;

function madeOf({ json, goodForMs, movedTo: handle }: Answer, tongue: Tongue, { query, pathOf }: Read): MadeAnswer {
  if (handle === undefined) return { answer: readyText(json), goodForMs };
  if (!pathOf) throw new Error('An answer has moved, and its route does not say where to');
  const kept = new URLSearchParams({
    ...(query.currency && { currency: tongue.currency }),
    ...(query.locale && { locale: tongue.locale }),
  });
  return { answer: movedTo(kept.size > 0 ? `${pathOf(handle)}?${kept}` : pathOf(handle)), goodForMs };
}
