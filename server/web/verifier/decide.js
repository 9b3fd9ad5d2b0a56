// May this party do this for this person, now? A pure function of the facts. spec: decisions.md

import { assuranceAsked, covers, SURENESS } from './catalogue.js';
import { whyNot } from './conditions.js';
import { ACTIVE, ENDED, isDisputed, PENDING, SUSPENDED } from './entry.js';
import { byId } from './members.js';
import { RANKS } from './reasons.js';

/**
 * @typedef {import('./catalogue.js').Catalogue & {in_force: boolean}} CatalogueFacts
 *
 * @typedef {object} Move of a party; what was no life event has no `event`
 * @property {number} to a status
 * @property {string} [event]
 * @property {number} [effective] ms
 * @property {number} logged_at ms
 * @property {string} [into] of a merger
 *
 * @typedef {{status: number, under?: string, until?: number, moves?: Move[]}} PartyFacts `status`: as it started; `until`: ms, of a role
 *
 * @typedef {object} Grant
 * @property {string} id
 * @property {number} index
 * @property {'mandate' | 'consent'} kind
 * @property {string[]} from
 * @property {string[]} to
 * @property {string} catalogue
 * @property {string[]} scopes
 * @property {string[]} purposes of a consent
 * @property {number} not_before ms
 * @property {number} [not_after] ms
 * @property {number} [ends] ms, the earliest `effective` of the revocations on it
 * @property {number} status
 * @property {boolean} counts whether every signature under it does
 * @property {number} [needed]
 * @property {string} [ground]
 * @property {boolean} [survives]
 * @property {string} [under]
 * @property {import('./conditions.js').Condition[]} [conditions]
 * @property {number[]} [uses] ms
 * @property {import('./catalogue.js').Assurance} [assurance]
 *
 * @typedef {{parties: Record<string, PartyFacts>, grants: Grant[], catalogues: Record<string, CatalogueFacts>}} Facts
 *
 * @typedef {object} Request
 * @property {string | null} actor null: nobody is registered
 * @property {string | null} subject
 * @property {string | null} [on_behalf_of]
 * @property {(string | null)[]} [together_with]
 * @property {string} category
 * @property {string} purpose
 * @property {import('./conditions.js').Properties} [properties]
 * @property {true} [emergency]
 *
 * @typedef {{together?: number, assurance?: string, property?: string, emergency?: true}} Hint
 * @typedef {{permit: boolean, reason: string, evidence: string[], good_faith?: boolean, hint?: Hint}} Decision
 */

const MOST_EVIDENCE = 8;
/** How many parties that took one another's place, and mandates under one another, are followed. */
const MOST_LINKS = 8;

/** @param {Request} request @param {number} at ms @param {Facts} facts @returns {Decision} */
export const decide = (request, at, facts) => new Walk(request, at, facts).decide();

/** @typedef {{reason: string, hint?: Hint}} Why */
/** @typedef {{permit: boolean, reason: string, grants: Grant[], catalogues: string[], hint?: Hint}} Outcome */

class Walk {
  /** @param {Request} request @param {number} at @param {Facts} facts */
  constructor(request, at, facts) {
    this.request = request;
    this.at = at;
    this.facts = facts;
    this.inOrder = facts.grants.slice().sort((a, b) => a.index - b.index);
    this.byId = new Map(facts.grants.map((grant) => [grant.id, grant]));
    this.actor = this.standsFor(request.actor);
    const own = request.on_behalf_of === undefined || request.on_behalf_of === request.actor;
    this.principal = own ? this.actor : this.standsFor(request.on_behalf_of ?? null, false);
    this.subject = request.subject;
    const along = (request.together_with ?? []).filter((id) => id !== null && this.isActive(id)).map((id) => this.standsFor(id));
    /** Those who act. */
    this.acting = [this.actor, ...along.filter((id) => this.isActive(id))];
  }

  /** @returns {Decision} */
  decide() {
    const steps = this.candidates();
    const lends = this.lending([...steps.first, ...steps.second.consents, ...steps.second.mandates]);
    const withCategory = lends.filter(({ catalogue }) => catalogue.categories.some(({ code }) => code === this.request.category));
    const withBoth = withCategory.filter(({ catalogue }) => catalogue.purposes.includes(this.request.purpose));
    if (withCategory.length === 0) return this.told(denial('unknown_category'), []);
    if (withBoth.length === 0) return this.told(denial('unknown_purpose'), withCategory.slice(0, 1));
    return this.told(this.outcome(steps), withBoth.slice(0, 1));
  }

  /** @param {ReturnType<Walk['candidates']>} steps @returns {Outcome} */
  outcome({ first, second }) {
    const { actor, principal, subject } = this;
    if ([this.request.actor, actor, principal, subject].some((id) => !this.isRegistered(id))) return denial('no_authority');
    const basis = subject === principal ? undefined : this.basis();
    const hasEnded = !this.isThere(subject);
    if (!this.isActive(this.request.actor) || !this.isActive(actor) || !this.isThere(principal) || (hasEnded && basis === undefined)) return denial('party_not_active');
    // With the data of somebody who has ended, all rests on the law.
    const law = hasEnded && basis !== undefined ? [basis] : [];
    const one = principal === actor ? permit('self') : this.anyOf(first, this.acting);
    if (!one.permit || principal === subject) return { ...one, catalogues: [...one.catalogues, ...law] };
    // Through the actor the principal acts too.
    const two = basis !== undefined ? permit('legal_basis', [], [basis]) : this.orUrgent(this.anyOf([...second.consents, ...second.mandates], [...this.acting, principal]));
    return { ...two, grants: [...two.grants, ...one.grants], catalogues: [...two.catalogues, ...one.catalogues] };
  }

  /** The grants of both steps, first logged first. */
  candidates() {
    const { actor, principal, subject } = this;
    const isOf = (/** @type {string[]} */ ids, /** @type {string} */ wanted) => ids.some((id) => id === wanted || this.heir(id) === wanted);
    const between = (/** @type {string | null} */ from, /** @type {string | null} */ to, /** @type {string} */ kind) =>
      from === null || to === null || from === to ? [] : this.inOrder.filter((grant) => grant.kind === kind && isOf(grant.from, from) && isOf(grant.to, to));
    return {
      first: between(principal, actor, 'mandate'),
      second: { consents: between(subject, principal, 'consent'), mandates: between(subject, principal, 'mandate') },
    };
  }

  /** The catalogues that lend their words, by id. @param {Grant[]} found */
  lending(found) {
    return Object.entries(this.facts.catalogues)
      .map(([id, catalogue]) => ({ id, catalogue, namedBy: found.filter((grant) => grant.catalogue === id).sort((a, b) => a.index - b.index)[0] }))
      .filter(({ catalogue, namedBy }) => catalogue.in_force || namedBy !== undefined)
      .sort((a, b) => byId(a.id, b.id));
  }

  /** What the law says of emergencies, where nothing else permits: a permit, or a hint. @param {Outcome} given @returns {Outcome} */
  orUrgent(given) {
    const basis = given.permit ? undefined : this.basis(true);
    if (basis === undefined) return given;
    if (this.request.emergency) return permit('emergency', [], [basis]);
    return given.hint !== undefined ? given : { ...given, catalogues: [...given.catalogues, basis], hint: { emergency: true } };
  }

  /** The first catalogue in force whose law names the principal: always, or in an emergency. */
  basis(urgent = false) {
    const { category, purpose } = this.request;
    return Object.keys(this.facts.catalogues).sort(byId).find((id) => {
      const catalogue = this.facts.catalogues[id];
      return catalogue.in_force && catalogue.bases.some(({ categories, purposes, recipients, emergency = false }) =>
        emergency === urgent && covers(catalogue, categories, category) && purposes.includes(purpose) && recipients.includes(/** @type {string} */ (this.principal)));
    });
  }

  /** The first that holds, else the reason of the highest rank. @param {Grant[]} grants @param {(string | null)[]} acting @returns {Outcome} */
  anyOf(grants, acting) {
    /** @type {{grant: Grant, why: Why}[]} */
    const refused = [];
    for (const grant of grants) {
      const why = this.whyNot(grant, acting);
      if (why === null) return permit(grant.kind, [grant], [grant.catalogue]);
      refused.push({ grant, why });
    }
    const reason = RANKS.find((rank) => refused.some(({ why }) => why.reason === rank));
    if (reason === undefined) return denial('no_authority');
    const gave = refused.filter(({ why }) => why.reason === reason);
    const told = ['consent', 'mandate'].flatMap((kind) => gave.filter(({ grant }) => grant.kind === kind).slice(0, MOST_EVIDENCE));
    return { permit: false, reason, grants: told.map(({ grant }) => grant), catalogues: [], hint: gave[0].why.hint };
  }

  /** The first line that is not so. @param {Grant} grant @param {(string | null)[]} acting @returns {Why | null} */
  whyNot(grant, acting) {
    const reason = this.whyNotAnyone(grant, 0);
    if (reason !== null) return { reason };
    const { category, purpose, properties } = this.request;
    const sent = properties ?? {};
    const wrong = whyNot(grant.conditions ?? [], { properties: /** @type {any} */ ({ subject: {}, action: {}, resource: {}, context: {}, ...sent }), purpose, at: this.at, uses: grant.uses ?? [] });
    if (wrong !== null) return { reason: 'condition', ...(wrong.reason === 'property_missing' && { hint: { property: wrong.property } }) };
    const asked = assuranceAsked(this.facts.catalogues[grant.catalogue], category);
    if (this.sureness(grant) < SURENESS.indexOf(asked)) return { reason: 'assurance', hint: { assurance: asked } };
    const needed = grant.needed ?? 1;
    if (grant.kind === 'mandate' && this.now(grant.to).filter((id) => acting.includes(id)).length < needed) return { reason: 'together', hint: { together: needed } };
    return null;
  }

  /**
   * The same without what depends on who acts and what they say: so a mandate that another is under is asked.
   * @param {Grant} grant @param {number} below how many are under it
   * @returns {string | null}
   */
  whyNotAnyone(grant, below) {
    const { at, facts } = this;
    const catalogue = facts.catalogues[grant.catalogue];
    if (catalogue === undefined || !covers(catalogue, grant.scopes, this.request.category)) return 'out_of_scope';
    if (grant.kind === 'consent' && !grant.purposes.includes(this.request.purpose)) return 'out_of_scope';
    if (isDisputed(grant.status)) return 'disputed';
    if (grant.status !== ACTIVE) return grant.status === SUSPENDED ? 'suspended' : grant.status === PENDING ? 'not_accepted' : 'ended';
    if (at < grant.not_before) return 'not_yet_valid';
    if (at >= (grant.not_after ?? Number.POSITIVE_INFINITY) || at >= (grant.ends ?? Number.POSITIVE_INFINITY)) return 'expired';
    if (!grant.counts) return 'signature_void';
    const line = this.line(grant);
    const givers = this.now(grant.from);
    if (!givers.every((id) => this.isThere(id))) return 'lapsed';
    if (line.some(({ ground }) => ground !== undefined && UNTIL_MAJORITY.has(ground)) && givers.some((id) => this.isOfAge(id))) return 'lapsed';
    const awake = line.some(({ ground, survives }) => ground !== undefined || survives === true);
    if (!awake && givers.some((id) => this.status(id) === SUSPENDED)) return 'protected';
    if (this.now(grant.to).filter((id) => this.status(id) === ACTIVE).length < (grant.needed ?? 1)) return 'lapsed';
    if (grant.under === undefined) return null;
    const above = this.byId.get(grant.under);
    return above === undefined || below >= MOST_LINKS || this.whyNotAnyone(above, below + 1) !== null ? 'under_ended' : null;
  }

  /** A grant and the mandates above it, as far as they are known. @param {Grant} grant */
  line(grant) {
    const line = [grant];
    for (;;) {
      const { under } = line[line.length - 1];
      const above = under === undefined ? undefined : this.byId.get(under);
      if (above === undefined || line.length === MOST_LINKS) return line;
      line.push(above);
    }
  }

  /** @param {Grant} grant */
  sureness(grant) {
    return Math.min(...this.line(grant).map(({ assurance }) => SURENESS.indexOf(assurance ?? 'low')));
  }

  /** @param {string | null} id */
  party(id) {
    return id === null || !Object.hasOwn(this.facts.parties, id) ? undefined : this.facts.parties[id];
  }

  /** As of `at`: without the life events logged later, and ended if it is a role that is over then. 0: nobody. @param {string | null} id */
  status(id) {
    const party = this.party(id);
    if (party === undefined) return 0;
    if (party.until !== undefined && party.until <= this.at) return ENDED;
    return (party.moves ?? []).reduce((status, { to, event, logged_at: logged }) => (event !== undefined && logged > this.at ? status : to), party.status);
  }

  /** Active or under protection: the party, or who stands in its place. @param {string | null} id */
  isThere(id) {
    return [ACTIVE, SUSPENDED].includes(this.status(this.heir(id)));
  }

  /** @param {string | null} id */
  isActive(id) {
    return this.status(id) === ACTIVE;
  }

  /** @param {string | null} id */
  isRegistered(id) {
    return ![0, PENDING].includes(this.status(this.heir(id)));
  }

  /** @param {string} id */
  isOfAge(id) {
    return (this.party(id)?.moves ?? []).some(({ event, logged_at: logged }) => event === 'majority' && logged <= this.at);
  }

  /** The party that a role is under; any other itself. @param {string | null} id @param {boolean} [roles] */
  standsFor(id, roles = true) {
    const under = roles ? this.party(id)?.under : undefined;
    return under ?? id;
  }

  /** Who stands in a party's place: itself, or the one that it was merged into. @template {string | null} T @param {T} id @returns {T} */
  heir(id) {
    let one = id;
    for (let links = 0; links < MOST_LINKS; links++) {
      const merger = (this.party(one)?.moves ?? []).find(({ event, logged_at: logged }) => event === 'merger' && logged <= this.at);
      if (merger?.into === undefined) break;
      one = /** @type {T} */ (merger.into);
    }
    return one;
  }

  /** Who stands in the places of these, each once: two that became one are one. @param {string[]} ids */
  now(ids) {
    return [...new Set(ids.map((id) => this.heir(id)))];
  }

  /** @param {Outcome} outcome @param {ReturnType<Walk['lending']>} words @returns {Decision} */
  told({ permit: yes, reason, grants, catalogues, hint }, words) {
    const lenders = words.filter(({ catalogue }) => !catalogue.in_force).map(({ namedBy }) => /** @type {Grant} */ (namedBy));
    const rests = grants.flatMap((grant) => this.line(grant));
    const evidence = new Set([...words.map(({ id }) => id), ...lenders.map(({ id }) => id), ...catalogues, ...rests.map(({ id }) => id)]);
    const goodFaith = yes && this.goodFaith(rests);
    return {
      permit: yes,
      reason,
      evidence: [...evidence].sort(byId),
      ...(goodFaith && { good_faith: true }),
      ...(hint !== undefined && { hint }),
    };
  }

  /** Whether something that had happened was not known, of who acts, of principal or subject, of those a grant is from or, active, to. @param {Grant[]} rests */
  goodFaith(rests) {
    const active = rests.flatMap(({ to }) => this.now(to).filter((id) => this.isActive(id)));
    const concerned = [this.actor, ...[this.principal, this.subject, ...rests.flatMap(({ from }) => from)].map((id) => this.heir(id)), ...active];
    /** @param {Move} move */
    const unknown = ({ event, effective, logged_at: logged }) => event !== undefined && Number(effective) <= this.at && this.at < logged;
    return concerned.some((id) => (this.party(id)?.moves ?? []).some(unknown));
  }
}

/** Whoever represents a child does so until it is of age. */
const UNTIL_MAJORITY = new Set(['parental', 'guardianship']);

/** @param {string} reason @returns {Outcome} */
const denial = (reason) => ({ permit: false, reason, grants: [], catalogues: [] });

/** @param {string} reason @param {Grant[]} [grants] @param {string[]} [catalogues] @returns {Outcome} */
const permit = (reason, grants = [], catalogues = []) => ({ permit: true, reason, grants, catalogues });
