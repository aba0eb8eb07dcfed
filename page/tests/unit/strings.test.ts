import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setLanguage, text, TABLES, type Strings } from "../../src/strings";

const names = (words: string): string[] => [...words.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

test("both languages have the same places for values", () => {
  for (const key of Object.keys(TABLES.en) as (keyof Strings)[]) {
    assert.deepEqual(names(TABLES.ko[key]), names(TABLES.en[key]), key);
  }
});

test("every text that the page names is there", () => {
  const html = readFileSync("static/index.html", "utf8");
  const named = [...html.matchAll(/data-(?:text|label)="(\w+)"/g)].map(([, key]) => key!);
  assert.ok(named.length > 15);
  for (const key of named) assert.ok(key in TABLES.en, key);
});

test("values are put in", () => {
  setLanguage("en", false);
  assert.equal(text("peak", { score: 97 }), "peak 97 %");
  setLanguage("ko", false);
  assert.equal(text("peak", { score: 97 }), "최고 97 %");
});
