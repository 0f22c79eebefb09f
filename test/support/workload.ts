/**
 * A semester of a teaching lab, from a seed: who asks for which image, when, from when on and for how long, and how long
 * each load would take. Classes fill their seats at fixed hours of the week, mostly booked ahead; single users come when
 * people come, and want what is in fashion. It knows nothing of how the lab serves them.
 *
 * The times are Apache VCL's own (facts, section E): 10 s to look at a node, 175 s to write the image, 68 s to boot, 18 s
 * to add the user; with firmware 402 s in all for a small image, and up to 18 minutes for a large one.
 */
import { type Random, random } from "../sim/random.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;

/** A Monday, 00:00 UTC. */
export const semesterBegin = 1_736_726_400_000;
export const semesterWeeks = 16;
export const semesterNodes = 50;

export interface WorkloadImage {
  readonly name: string;
  /** How much longer it takes to write and boot than a small image. */
  readonly size: number;
}

export interface Request {
  readonly number: number;
  readonly kind: "class" | "single" | "walk-in";
  readonly askedAt: number;
  /** Null: now. */
  readonly start: number | null;
  readonly lengthMs: number;
  readonly image: number;
  readonly count: number;
  /** It is given back before its end, after this share of its time. */
  readonly used: number;
  /** Whether somebody logs in. */
  readonly entered: boolean;
}

export interface Semester {
  readonly images: readonly WorkloadImage[];
  /** In the order of `askedAt`. */
  readonly requests: readonly Request[];
}

export interface LoadTime {
  readonly checkMs: number;
  readonly loadMs: number;
  readonly postLoadMs: number;
  readonly reserveMs: number;
}

/** How long making a node ready takes this time. One in fifty loads has to be begun anew. */
export function loadTime({ size }: WorkloadImage, luck: Random): LoadTime {
  const about = (ms: number) => Math.round(ms * (0.85 + 0.3 * luck.next()));
  const again = luck.chance(0.02) ? 1.7 : 1;
  return {
    checkMs: about(10 * second),
    loadMs: Math.round(again * about((4 + 100 + 27 + 175 * size) * second)),
    postLoadMs: Math.round(again * about(68 * Math.sqrt(size) * second)),
    reserveMs: about(18 * second),
  };
}

interface Course {
  readonly image: number;
  readonly seats: number;
  /** Milliseconds since the week's beginning. */
  readonly sessions: readonly number[];
}

const imageCount = 24;
const courseCount = 8;
const singlesPerDay = 90;
const weekdays = [1, 1.05, 1.05, 1, 0.8, 0.4, 0.6];

const perHour = (at: number): number => {
  if (at < 8) return 0.1;
  if (at < 12) return 0.7;
  if (at < 18) return 1;
  return at < 23 ? 1.2 : 0.4;
};

export function semester(seed: number): Semester {
  const luck = random(seed);
  const images = Array.from({ length: imageCount }, (_, index): WorkloadImage => {
    const size = 1 + 3.5 * luck.next() ** 2;
    return { name: `image-${String(index).padStart(2, "0")}`, size };
  });
  const courses = coursesOf(luck);
  const requests = [...classes(courses, luck), ...singles(courses, luck)];
  const inOrder = requests.toSorted((a, b) => a.askedAt - b.askedAt);
  return { images, requests: inOrder.map((each, number) => ({ ...each, number })) };
}

/** Each meets twice a week; no two at once. */
function coursesOf(luck: Random): readonly Course[] {
  const slots = shuffled(
    [0, 1, 2, 3, 4].flatMap((weekday) => [9, 11, 13, 15].map((at) => weekday * day + at * hour)),
    luck,
  );
  return Array.from({ length: courseCount }, (_, index) => ({
    image: luck.between(0, 11),
    seats: luck.between(8, 16),
    sessions: slots.slice(2 * index, 2 * index + 2),
  }));
}

function shuffled<T>(list: readonly T[], luck: Random): readonly T[] {
  return list
    .map((each) => ({ each, at: luck.next() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ each }) => each);
}

type Unnumbered = Omit<Request, "number">;

/** Most seats are booked days ahead; one in seven students comes without. */
function classes(courses: readonly Course[], luck: Random): readonly Unnumbered[] {
  const made: Unnumbered[] = [];
  for (let number = 0; number < semesterWeeks; number += 1)
    for (const { image, seats, sessions } of courses)
      for (const session of sessions) {
        const start = semesterBegin + number * week + session;
        for (let seat = 0; seat < seats; seat += 1) {
          const usual = { lengthMs: 110 * minute, image, count: 1, used: 1, entered: luck.chance(0.93) };
          const ahead = luck.between(60, 10 * 24 * 60) * minute;
          if (luck.chance(0.15)) {
            const askedAt = start + luck.between(-5 * 60, 12 * 60) * second;
            made.push({ ...usual, kind: "walk-in", askedAt, start: null });
          } else
            made.push({ ...usual, kind: "class", askedAt: Math.max(semesterBegin, start - ahead), start });
        }
      }
  return made;
}

/** Single users: by the hour and the weekday; two in five of them book ahead. */
function singles(courses: readonly Course[], luck: Random): readonly Unnumbered[] {
  const phases = Array.from({ length: imageCount }, () => luck.next());
  const made: Unnumbered[] = [];
  const dayTotal = Array.from({ length: 24 }, (_, at) => perHour(at)).reduce((sum, each) => sum + each, 0);
  for (let at = 0; at < semesterWeeks * 7 * 24; at += 1) {
    const passed = at / (semesterWeeks * 7 * 24);
    const weights = popularity(passed, phases, courses);
    // Everybody wants to be done before the exams.
    const rush = passed > 0.8 ? 1.25 : 1;
    const expected =
      (rush * singlesPerDay * perHour(at % 24) * (weekdays[Math.floor(at / 24) % 7] ?? 1)) / dayTotal;
    const begin = semesterBegin + at * hour;
    for (let left = poisson(expected, luck); left > 0; left -= 1) {
      const askedAt = begin + luck.between(0, 3599) * second;
      const ahead = luck.pick([hour, 2 * hour, 4 * hour, 12 * hour, day, 2 * day, 7 * day]);
      const quarter = 15 * minute;
      const start = luck.chance(0.4) ? Math.ceil((askedAt + ahead) / quarter) * quarter : null;
      made.push({
        kind: "single",
        askedAt,
        start,
        lengthMs: luck.pick([30 * minute, hour, hour, 2 * hour, 2 * hour, 4 * hour]),
        image: weighted(weights, luck),
        count: luck.chance(0.03) ? luck.between(2, 5) : 1,
        used: luck.chance(0.5) ? 1 : 0.3 + 0.7 * luck.next(),
        entered: luck.chance(0.9),
      });
    }
  }
  return made;
}

/** Zipf's law; each image has its season; what a course uses is asked for at home, too. */
function popularity(
  passed: number,
  phases: readonly number[],
  courses: readonly Course[],
): readonly number[] {
  return phases.map((phase, index) => {
    const season = Math.exp(1.1 * Math.sin(2 * Math.PI * (passed + phase)));
    const homework = courses.filter(({ image }) => image === index).length;
    return (season * (1 + 0.5 * homework)) / (index + 1) ** 1.1;
  });
}

function weighted(weights: readonly number[], luck: Random): number {
  let left = luck.next() * weights.reduce((sum, each) => sum + each, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  return 0;
}

/** Knuth's: fine for a handful. */
function poisson(expected: number, luck: Random): number {
  const limit = Math.exp(-expected);
  let count = 0;
  for (let product = luck.next(); product > limit; product *= luck.next()) count += 1;
  return count;
}
