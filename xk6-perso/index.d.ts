/**
 * k6/x/perso: user journeys against a personalization stack.
 *
 * Durations are strings such as "200ms" or "5s". Unknown options and values out of range are refused with an exception
 * that lists what is legal.
 */
declare module 'k6/x/perso' {
  /** Where journeys come from. population() and sessions() make one. All VUs share it, so it costs its memory once. */
  export interface Source {
    /** In words, e.g. "population of 1000 users and 200 items, seed 1". */
    readonly description: string;
  }

  export interface PopulationOptions {
    /** Whole number; the same seed gives the same users and journeys. Default 1. */
    seed?: number;
    /** 1 to 1,000,000. Default 1000. The stack under test must be trained on the same seed, users and items. */
    users?: number;
    /** 1 to 100,000. Default 200. */
    items?: number;
  }

  export interface SessionsOptions extends PopulationOptions {
    /** Gaps between the events of a session that are longer are cut to it. Default "0s": none is. */
    gapLimit?: string;
    /** Recorded gaps are divided by it, after they were cut. Default 1. */
    speed?: number;
    /**
     * When drive() and conduct() start sessions. "poisson" (default): at random times, in an order drawn from the seed;
     * "recorded": when they did, divided by speed, whatever rate is ordered. journey() takes them in the order of the file.
     */
    arrivals?: 'poisson' | 'recorded';
    /**
     * How the file is laid out: "yoochoose", "yoochoose-buys", "retailrocket", "diginetica", "otto", "trivago", "rees46" or "taobao"; or
     * pairs such as "SessionId=visit,ItemId=sku,Time=ts,time=ms" (docs/replay.md). Default: the columns below.
     */
    columns?: string;
    /** Sessions that begin earlier than this after the first one are left out, as recorded. Default "0s". */
    from?: string;
    /** Lines that are damaged are left out and counted in the description; else the first one is an exception. Default false. */
    leaveOut?: boolean;
    /** The file starts over at its end, under new session ids (default); false: it is played once, and then journey() returns null. */
    loop?: boolean;
    /** Default: by the extension of the file, or by its first line. A gzip file is read as what is in it. */
    format?: 'tsv' | 'csv' | 'jsonl';
    /** Where a relative path starts: at the script (default, as with open()) or at the working directory of k6. */
    base?: 'script' | 'cwd';
  }

  /** Journeys made up of a seeded population, over web, app and store. */
  export function population(options?: PopulationOptions): Source;

  /**
   * Recorded sessions from a file with the columns SessionId, ItemId, Time and, if there, UserId, Channel (web, app,
   * store) and Event (click, purchase, view). Time is in seconds since 1970, or as RFC 3339 has it. Init context only, like
   * open(). Items and users are mapped onto the population. Every click is followed by the page that it leads to.
   */
  export function sessions(path: string, options?: SessionsOptions): Source;

  export interface PlayOptions {
    source: Source;
    /** Think times are multiplied by it. 1 (default) is hurried, 0.3 s a page; 20 is human; 0 is none. 0 to 1000. */
    thinkScale?: number;
    /** Most that one request may take. Default "5s". */
    timeout?: string;
    /** Sent as a bearer token. */
    token?: string;
    /**
     * Gives every request a W3C trace context of its own, and says that this part of them is sampled, 0 to 1. Parent-based samplers of
     * the stack follow it, so that with 0.1 a level that would trace everything traces a tenth. Default: no header.
     */
    trace?: number;
    /** W3C baggage of every request, besides session.id, perso.step and perso.channel, which come with trace. */
    baggage?: Record<string, string>;
  }

  export interface JourneyOptions extends PlayOptions {
    /** Base URL of the gateway. */
    target: string;
    /**
     * Whether it is what k6 had the iteration for, and so due when constant-arrival-rate had the iteration due: the lag is counted into
     * the response time. false: the iteration does something else first. Only the first journey or visit of an iteration is. Default true.
     */
    arrival?: boolean;
  }

  export interface JourneyResult {
    session: string;
    user: string;
    bought: boolean;
    requests: number;
    failed: number;
    impressions: number;
    clicks: number;
    /** Slates that were default content. */
    default: number;
    /** Answers under another identity than the journey's. */
    breaks: number;
  }

  /**
   * Plays the source's next journey, think times included, and returns when that has ended; null if a file that is played once is
   * over. k6's executors set the pace. With --execution-segment every process takes the next journey of its share, so that none is
   * played twice.
   */
  export function journey(options: JourneyOptions): JourneyResult | null;

  export interface VisitOptions {
    source: Source;
    /** Base URL of the gateway. */
    target: string;
    /** As in PlayOptions. */
    timeout?: string;
    token?: string;
    trace?: number;
    baggage?: Record<string, string>;
    /** As in JourneyOptions; of the visit's first step. */
    arrival?: boolean;
  }

  /** What became of a step. */
  export interface Taken {
    /** A request was made; false: the user did not want to click. */
    made: boolean;
    /** It was answered with 2xx. */
    ok: boolean;
    /** Of the answer; 0: none came. */
    status: number;
    /** Why it is not ok; "" if it is. */
    error: string;
    /** What was clicked or bought; "" for other steps. */
    item: string;
    /** Milliseconds. */
    ms: number;
    /** Of the trace context, "" without the option trace. */
    traceId: string;
  }

  export interface Recommended extends Taken {
    requestId: string;
    /** Who the stack took the visitor for, "" for nobody. */
    user: string;
    items: string[];
    variant: string;
    /** Why it is default content; "" if it is not. */
    reason: string;
    /** It came under another identity than the visit's. */
    broken: boolean;
  }

  /** One user's visit, for those who write their own flow. A step is made at once; the samples are those of journey(), without conversion. */
  export interface Visit {
    readonly session: string;
    /** Who the visitor is, whether or not the stack knows. */
    readonly user: string;
    readonly channel: 'web' | 'app' | 'store';
    /** Asks for a slate of 1 to 50 items, 5 unless said. */
    recommend(options?: { slots?: number; placement?: string }): Recommended;
    /** Says that the last slate was shown. */
    impression(): Taken;
    /** Clicks on an item. Without one the user chooses from the last slate by taste, or leaves it: then made is false. */
    click(item?: string): Taken;
    /** Buys an item; without one, the one that was clicked last. */
    purchase(item?: string): Taken;
    /** Logs the visitor in. A user id of the population, such as "u7", makes the visitor that user. */
    identify(user?: string): Taken;
    /** The next steps are made in another channel. */
    switchChannel(channel: 'web' | 'app' | 'store'): void;
  }

  /** Begins a visit of the source's next user. */
  export function visit(options: VisitOptions): Visit;

  /**
   * Calls fn and keeps how long that took, in the metrics perso_measured (ms) and perso_measured_failed with the tag name. A promise
   * is over when it is settled. What fn returns or throws comes back unchanged.
   */
  export function measure<T>(name: string, fn: () => T): T;

  /** A fault that is in force in the stack of `tollgate up --faults`. */
  export interface Fault {
    readonly name: string;
    /** What happens, as a clause. */
    readonly title: string;
    /** When it ends by itself, as RFC 3339 has it. */
    readonly until: string;
    /** Looks whether its effect is there. */
    effect(): { inForce: boolean; present: boolean; gone: boolean; detail: string };
    /** Ends it; a second time it does nothing. */
    heal(): void;
  }

  /**
   * Injects a fault of the catalogue (`tollgate list faults`) into the stack that `tollgate up --faults` keeps; TOLLGATE_CONTROL must
   * hold the address that it prints. The fault ends after `for` (default "1m", at most "10m"), whatever becomes of the script.
   */
  export function inject(fault: string, params?: Record<string, number | string>, options?: { for?: string }): Fault;

  /** Ends a fault that this VU or another has injected, say in teardown. */
  export function heal(fault: string): void;

  export interface OpenLoopOptions extends PlayOptions {
    /** Most requests that may be outstanding; one more is dropped and counted. 1 to 65536, default 1024. */
    workers?: number;
  }

  export interface DriveOptions extends OpenLoopOptions {
    targets: { arm: string; url: string }[];
    /** Expected requests per second and target. */
    rate: number;
    duration: string;
    /** First part of the duration; requests that are due in it are in neither service nor response. Default "0s". */
    washout?: string;
    /**
     * Deals the plan out to so many calls, 1 to 10,000. Default 1: this call has it all. Needs a scenario with executor
     * 'shared-iterations' and vus and iterations of the same number: iteration k plays every parts-th journey, in whichever
     * process k6 runs it, so all processes of a test (--execution-segment) play each journey once, at its time.
     */
    parts?: number;
  }

  /** Milliseconds. */
  export interface Quantiles {
    count: number;
    p50: number;
    p95: number;
    p99: number;
    max: number;
  }

  export interface ArmSummary {
    scheduled: number;
    sent: number;
    /** Requests sent per second of the duration. */
    made: number;
    dropped: number;
    failed: number;
    steps: Record<string, number>;
    impressions: number;
    clicks: number;
    purchases: number;
    /** Slates of default content by reason. */
    default: Record<string, number>;
    breaks: number;
    /** Scheduled start to last byte, by step. */
    response: Record<string, Quantiles>;
    /** Sent to last byte, by step. */
    service: Record<string, Quantiles>;
    /** Scheduled start to sent, all steps: the generator's own health. */
    lag: Quantiles;
  }

  export interface DriveSummary {
    seconds: number;
    /** Requests per second and target, as ordered of this call: rate, or its part. made of an arm says what became of it. */
    ordered: number;
    /** CPU seconds of the k6 process. */
    cpu: number;
    arms: Record<string, ArmSummary>;
  }

  /**
   * Open load by the extension's own punctual pacer: requests start when the schedule says, whether or not answers are in.
   * All targets get the same journeys. Blocks for the duration; use it in one VU.
   */
  export function drive(options: DriveOptions): DriveSummary;

  /**
   * Carries out the orders of the orchestrator that started k6, slot after slot, and returns when there is none left, or k6
   * stops; all reports are handed in by then. The orchestrator sets TOLLGATE_CONDUCTOR, TOLLGATE_TOKEN and TOLLGATE_RECORD.
   * Use it in one VU. Options: how journeys are played, or the turns of a script of the user's own, and what the orchestrator
   * is to put among the run's warnings.
   */
  export function conduct(options: (OpenLoopOptions | { turns: Turns }) & { warnings?: string[] }): void;

  export interface TurnsOptions {
    /** Seed of the arrivals. Whole number; default 1. */
    seed?: number;
    /** VUs that take turns, in a scenario of their own. 1 to 10,000; default 50. */
    vus?: number;
    /** The script has a setup: every arm gets a turn for it before its first slot of a launch. Default false. */
    setup?: boolean;
    /** The script has a teardown: every arm gets a turn for it at the end of a launch. Default false. */
    teardown?: boolean;
    /** Most that the setup of one arm may take: a duration, or milliseconds. Default "60s". */
    setupTimeout?: string | number;
    /** Likewise for its teardown. */
    teardownTimeout?: string | number;
  }

  /** One iteration of a script against one arm. */
  export interface Turn {
    readonly job: 'run' | 'setup' | 'teardown';
    readonly launch: number;
    readonly arm: string;
    /** Base URL of the arm. */
    readonly url: string;
    /** JSON of what setup returned; "" for nothing. */
    readonly data: string;
    /** Says that the turn ended with an exception, and which. */
    fail(reason: string): void;
    /** Takes what a setup returned, as JSON. */
    return(data: string | undefined): void;
  }

  export interface Turns {
    /**
     * Waits for this VU's next turn; null when k6 stops. The rest of the iteration is the turn, so call it first thing in the
     * iteration. The HTTP requests that the turn makes to its arm are measured.
     */
    take(): Turn | null;
  }

  /**
   * The iterations of a script of the user's own, as `tollgate run` uses it: conduct() hands them to idle VUs on a
   * schedule. Init context only; all VUs share the turns. BASE_URL must be http://tollgate-base-url.invalid.
   */
  export function turns(options?: TurnsOptions): Turns;

  const perso: {
    population: typeof population;
    sessions: typeof sessions;
    journey: typeof journey;
    drive: typeof drive;
    conduct: typeof conduct;
    turns: typeof turns;
    visit: typeof visit;
    measure: typeof measure;
    inject: typeof inject;
    heal: typeof heal;
  };
  export default perso;
}
