// Scans kept on this device while there is no network: an IndexedDB store of runs. A run is what one
// person scanned in one flow, in order, with what was known before the first scan. Its key is a list
// of numbers, so that what becomes of it stays where it was among the others.
window.forestageKept = (() => {
  "use strict";
  const STORE = "runs";
  let opening = null;

  // Secure pages only have all of it. Without one of them nothing is kept, and it is said.
  const possible = () => Boolean(window.indexedDB && navigator.locks && window.crypto?.randomUUID);

  function open() {
    opening ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open("forestage", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "order" });
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
      asked.onblocked = () => reject(new Error("blocked"));
    }).catch((error) => {
      opening = null; // perhaps the next time
      throw error;
    });
    return opening;
  }

  // `work` gets the store and all runs, and says by its second argument what comes of it. Resolves
  // once it is on the disk: until then nothing counts as kept.
  async function change(work) {
    const database = await open();
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(STORE, "readwrite", { durability: "strict" });
      const store = transaction.objectStore(STORE);
      let result;
      transaction.oncomplete = () => resolve(result);
      transaction.onabort = () => reject(transaction.error ?? new Error("aborted"));
      const asked = store.getAll();
      asked.onsuccess = () => {
        result = work(store, asked.result);
      };
    });
  }

  async function all() {
    if (!possible()) return [];
    const database = await open();
    return new Promise((resolve, reject) => {
      const asked = database.transaction(STORE).objectStore(STORE).getAll();
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }

  // A scan goes on where the last one of the same page stopped, as long as nobody has decided on it.
  const add = (run, scan) =>
    change((store, runs) => {
      const mine = runs.findLast((other) => other.user === run.user && other.tab === run.tab);
      const before = mine?.state === "queued" && mine.flow === run.flow && mine.path === run.path ? mine : null;
      const order = [Math.floor(runs.at(-1)?.order[0] ?? 0) + 1];
      store.put(before ? { ...before, scans: [...before.scans, scan] } : { ...run, order, state: "queued", scans: [scan] });
    });

  const isDone = (part) => part.fate === "done" || part.fate === "repeated";

  // What the server said of the first `sent` scans of a run: what is done goes, the rest is split
  // into what waits for a decision and what is sent later, scans made in the meantime included.
  const settle = (order, answer, stuck) =>
    change((store, runs) => {
      const run = runs.find((other) => same(other.order, order));
      if (!run) return;
      store.delete(run.order);
      const left = [];
      let at = 0;
      for (const part of answer.parts) {
        const scans = run.scans.slice(at, (at += part.scans));
        const state = part.fate === "unfinished" ? "unfinished" : "waiting";
        if (!isDone(part)) left.push({ ...run, given: part.given, scans, state, part });
      }
      const rest = run.scans.slice(at);
      const last = answer.parts.at(-1);
      if (rest.length && last && ["unread", "unfinished"].includes(last.fate)) {
        const open = left.at(-1); // the step went on
        open.scans.push(...rest);
        if (last.fate === "unfinished" && !stuck) open.state = "queued";
      } else if (rest.length) {
        left.push({ ...run, given: answer.given, scans: rest, state: "queued" });
      }
      left.forEach((child, number) => store.put({ ...child, order: [...run.order, number] }));
    });

  // Answers of a proxy with no server behind it: as good as none.
  const isNoServer = (status) => [502, 503, 504].includes(status);

  // Who was last signed in at this device: `user`, `name`, and for how long that lasts. Throws where
  // storage is blocked.
  const lastUser = () => JSON.parse(localStorage.getItem("forestage.user") ?? "{}");

  const same = (one, other) => String(one) === String(other);

  // A decision was made: this run goes, or is changed; what was held because of another is tried again.
  const decide = (order, change_to) =>
    change((store, runs) => {
      for (const run of runs) {
        if (same(run.order, order)) {
          if (change_to) store.put({ ...run, ...change_to });
          else store.delete(run.order);
        } else if (run.state === "waiting" && run.part.fate === "held") {
          store.put({ ...run, state: "queued", part: undefined });
        }
      }
    });

  // The page that the scans were made on knows now what the unfinished ones said: it goes on there.
  const takeUp = ({ user, path, tab }) =>
    change((store, runs) => {
      for (const run of runs) {
        if (run.state === "unfinished" && run.user === user && run.path === path && run.tab === tab) store.delete(run.order);
      }
    });

  return { possible, all, add, settle, decide, takeUp, isDone, isNoServer, lastUser };
})();
