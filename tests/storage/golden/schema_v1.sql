-- A database as version 1 of the schema made it, with two slots. Kept as it is for ever.
CREATE TABLE slot (
    id INTEGER PRIMARY KEY, game TEXT NOT NULL, name TEXT NOT NULL, epoch INTEGER NOT NULL, saved_at REAL NOT NULL,
    state BLOB NOT NULL, UNIQUE (game, name)
);
CREATE TABLE memory (
    id INTEGER PRIMARY KEY, slot INTEGER NOT NULL REFERENCES slot (id) ON DELETE CASCADE, seq INTEGER NOT NULL,
    npc TEXT NOT NULL, importance INTEGER NOT NULL, in_journal INTEGER NOT NULL, text TEXT NOT NULL, body BLOB NOT NULL,
    UNIQUE (slot, seq)
);
CREATE VIRTUAL TABLE memory_index USING fts5 (owner, terms, tokenize = 'ascii');
INSERT INTO memory_index (memory_index, rank) VALUES ('rank', 'bm25(0.0, 1.0)');
CREATE TRIGGER memory_forgotten AFTER DELETE ON memory BEGIN
    DELETE FROM memory_index WHERE rowid = old.id;
END;
PRAGMA application_id = 1313882981;
PRAGMA user_version = 1;
INSERT INTO slot VALUES (1, 'oakhollow', 'quick', 3, 1764000000.5, X'8101'), (2, 'oakhollow', 'old', 0, 1763000000, X'');
INSERT INTO memory VALUES
    (1, 1, 1, 'marta', 2, 0, 'Rain began.', X'9201'),
    (2, 1, 2, 'marta', 6, 1, 'Who bought the mill?', X'9202'),
    (3, 2, 1, 'bram', 10, 1, '昨日、水車小屋で灯りを見た。', X'');
INSERT INTO memory_index (rowid, owner, terms) VALUES
    (1, '1x6d61727461', 'rain began'),
    (2, '1x6d61727461', 'bought mill'),
    (3, '2x6272616d', '昨日 水車 車小 小屋 屋で で灯 灯り りを を見 見た');
