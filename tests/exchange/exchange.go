// Exchanges notes, checkpoints, tiles, proofs and cosignatures with Go's checksum database libraries (golang.org/x/mod/sumdb: note and
// tlog), which know nothing of Procura. Goal: what one side makes the other believes, and what was changed it refuses. Method:
//
//	exchange read URL VKEY            believes a running ledger by its public addresses alone, every leaf and every earlier size
//	exchange write SIZE               makes a log of its own, cosigned and in tiles, prints it as JSON; a test of ours believes it
//	exchange vkey                     prints the key that verifies it
//	exchange witness URL VKEY SIZE    has that log cosigned by a running witness of ours, which must refuse what does not continue it
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The log that Go makes. Its key is of no use to anybody: every run has the same, so that a failure can be looked into.
const logName = "log.example/go"
const tileHeight = 8

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "read":
		err = read(args[1], args[2])
	case len(args) == 2 && args[0] == "write":
		err = write(number(args[1]))
	case len(args) == 1 && args[0] == "vkey":
		_, vkey := key()
		fmt.Println(vkey)
	case len(args) == 4 && args[0] == "witness":
		err = witness(args[1], args[2], number(args[3]))
	default:
		err = fmt.Errorf("what is to be exchanged?")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "exchange:", err)
		os.Exit(1)
	}
}

func number(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func get(url string) ([]byte, error) {
	answer, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != 200 {
		err = fmt.Errorf("%s: %s", url, answer.Status)
	}
	return body, err
}

// A checkpoint's text is three lines, which tlog.ParseTree reads only of the checksum database itself.
func parse(text string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 {
		return tlog.Tree{}, fmt.Errorf("a checkpoint of %d lines", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

// C2SP's path for what the library calls tile/8/…
func path(tile tlog.Tile) string { return "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/") }

// The tiles of a ledger.
type tiles struct{ url string }

func (t tiles) Height() int                     { return tileHeight }
func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		data, err := get(t.url + "/" + path(tile))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func read(url, vkey string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	signed, err := get(url + "/checkpoint")
	if err != nil {
		return err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	// The last character of a signature has bits to spare that Go's base64 does not look at.
	for at := range signed[:len(signed)-len("X=\n")] {
		changed := append([]byte{}, signed...)
		changed[at] ^= 1
		if _, err := note.Open(changed, note.VerifierList(verifier)); err == nil {
			return fmt.Errorf("a checkpoint changed at %d was believed", at)
		}
	}
	tree, err := parse(opened.Text)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, tiles{url})
	for index := int64(0); index < tree.N; index++ {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, index, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
			return err
		}
		if err := theirs(url, verifier, index, leaf[0]); err != nil {
			return fmt.Errorf("the ledger's proof of %d: %w", index, err)
		}
	}
	for size := int64(1); size < tree.N; size++ {
		old, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		body, err := get(fmt.Sprintf("%s/v1/proofs/consistency?from=%d&to=%d", url, size, tree.N))
		if err != nil {
			return err
		}
		var answer struct{ Hashes []string }
		if err := json.Unmarshal(body, &answer); err != nil {
			return err
		}
		var proof tlog.TreeProof
		for _, text := range answer.Hashes {
			hash, err := base64.RawURLEncoding.DecodeString(text)
			if err != nil || len(hash) != tlog.HashSize {
				return fmt.Errorf("no hash: %s", text)
			}
			proof = append(proof, *(*tlog.Hash)(hash))
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, size, old); err != nil {
			return err
		}
		old[0] ^= 1
		if tlog.CheckTree(proof, tree.N, tree.Hash, size, old) == nil {
			return fmt.Errorf("another tree of size %d was continued", size)
		}
	}
	if tree.N <= 1<<tileHeight {
		return fmt.Errorf("%d leaves have no full tile: nothing was exchanged of those", tree.N)
	}
	fmt.Printf("read: %d leaves, %d earlier sizes\n", tree.N, tree.N-1)
	return nil
}

// The ledger's own proof, a tlog-proof text: index, hashes, the checkpoint of that moment.
func theirs(url string, verifier note.Verifier, index int64, leaf tlog.Hash) error {
	body, err := get(fmt.Sprintf("%s/v1/proofs/inclusion?index=%d", url, index))
	if err != nil {
		return err
	}
	head, signed, ok := strings.Cut(string(body), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || lines[1] != fmt.Sprintf("index %d", index) {
		return fmt.Errorf("no proof of the form: %q", head)
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return err
	}
	tree, err := parse(opened.Text)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf)
}

func key() (note.Signer, string) {
	seed := bytes.Repeat([]byte{7}, ed25519.SeedSize)
	private := ed25519.NewKeyFromSeed(seed)
	vkey, err := note.NewEd25519VerifierKey(logName, private.Public().(ed25519.PublicKey))
	if err != nil {
		panic(err)
	}
	// "PRIVATE+KEY+" name "+" hash "+" base64(1 | seed), as the library's own GenerateKey writes it.
	parts := strings.SplitN(vkey, "+", 3)
	secret := base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + logName + "+" + parts[1] + "+" + secret)
	if err != nil {
		panic(err)
	}
	return signer, vkey
}

// C2SP tlog-cosignature, which the library does not know: a signer of its own kind for it.
type cosigner struct {
	name string
	key  ed25519.PrivateKey
}

const cosignerName = "cosigner.example/go"
const cosignedAt = 1700000000

func (c cosigner) public() []byte { return append([]byte{4}, c.key.Public().(ed25519.PublicKey)...) }
func (c cosigner) Name() string   { return c.name }
func (c cosigner) KeyHash() uint32 {
	hash := sha256.Sum256(append([]byte(c.name+"\n"), c.public()...))
	return binary.BigEndian.Uint32(hash[:])
}
func (c cosigner) vkey() string {
	return fmt.Sprintf("%s+%08x+%s", c.name, c.KeyHash(), base64.StdEncoding.EncodeToString(c.public()))
}
func (c cosigner) Sign(text []byte) ([]byte, error) {
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", cosignedAt, text)
	return append(binary.BigEndian.AppendUint64(nil, cosignedAt), ed25519.Sign(c.key, []byte(message))...), nil
}

// A log in memory.
type stored []tlog.Hash

func (s stored) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var all []tlog.Hash
	for _, index := range indexes {
		all = append(all, s[index])
	}
	return all, nil
}

func record(index int64) []byte { return []byte(fmt.Sprintf("record %d of a log that Go made", index)) }

func logOf(size int64) stored {
	var log stored
	for index := int64(0); index < size; index++ {
		hashes, err := tlog.StoredHashes(index, record(index), log)
		if err != nil {
			panic(err)
		}
		log = append(log, hashes...)
	}
	return log
}

func checkpoint(log stored, size int64, signers ...note.Signer) (tlog.Hash, string) {
	root, err := tlog.TreeHash(size, log)
	if err != nil {
		panic(err)
	}
	text := fmt.Sprintf("%s\n%d\n%s\n", logName, size, root)
	signed, err := note.Sign(&note.Note{Text: text}, signers...)
	if err != nil {
		panic(err)
	}
	return root, string(signed)
}

func write(size int64) error {
	signer, vkey := key()
	log := logOf(size)
	cosigner := cosigner{cosignerName, ed25519.NewKeyFromSeed(bytes.Repeat([]byte{8}, ed25519.SeedSize))}
	_, signed := checkpoint(log, size, signer, cosigner)
	type included struct {
		Record string
		Path   []tlog.Hash
	}
	type continued struct {
		Root   tlog.Hash
		Hashes []tlog.Hash
	}
	made := struct {
		Vkey         string
		CosignerVkey string
		Checkpoint   string
		Tiles        map[string][]byte
		Leaves       []included
		Earlier      []continued
	}{Vkey: vkey, CosignerVkey: cosigner.vkey(), Checkpoint: signed, Tiles: map[string][]byte{}}
	// The library has a tile for each width that a row ever had: the widest is the tree's.
	widest := map[string]tlog.Tile{}
	for _, tile := range tlog.NewTiles(tileHeight, 0, size) {
		widest[fmt.Sprint(tile.L, " ", tile.N)] = tile
	}
	for _, tile := range widest {
		data, err := tlog.ReadTileData(tile, log)
		if err != nil {
			return err
		}
		made.Tiles[path(tile)] = data
	}
	for index := int64(0); index < size; index++ {
		hashes, err := tlog.ProveRecord(size, index, log)
		if err != nil {
			return err
		}
		made.Leaves = append(made.Leaves, included{string(record(index)), append([]tlog.Hash{}, hashes...)})
	}
	for old := int64(1); old < size; old++ {
		hashes, err := tlog.ProveTree(size, old, log)
		if err != nil {
			return err
		}
		root, _ := checkpoint(log, old, signer)
		made.Earlier = append(made.Earlier, continued{root, append([]tlog.Hash{}, hashes...)})
	}
	return json.NewEncoder(os.Stdout).Encode(made)
}

// What the witness answers: the status, and the cosignature's line or the reason.
func submit(url string, old int64, proof tlog.TreeProof, signed string) (int, string, error) {
	body := fmt.Sprintf("old %d\n", old)
	for _, hash := range proof {
		body += hash.String() + "\n"
	}
	answer, err := http.Post(url+"/add-checkpoint", "text/plain", strings.NewReader(body+"\n"+signed))
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

func witness(url, vkey string, size int64) error {
	signer, _ := key()
	log := logOf(size)
	half := size / 2
	_, first := checkpoint(log, half, signer)
	_, second := checkpoint(log, size, signer)
	proof, err := tlog.ProveTree(size, half, log)
	if err != nil {
		return err
	}
	wrong := append(tlog.TreeProof{}, proof...)
	wrong[0][0] ^= 1
	other := logOf(size - 1)
	last, err := tlog.StoredHashes(size-1, []byte("another record"), other)
	if err != nil {
		return err
	}
	_, fork := checkpoint(append(other, last...), size, signer)
	for _, try := range []struct {
		what   string
		old    int64
		proof  tlog.TreeProof
		signed string
		status int
	}{
		{"the first checkpoint", 0, nil, first, 200},
		{"a proof with a bit turned", half, wrong, second, 422},
		{"no proof", half, nil, second, 422},
		{"an old size that is not the last", half - 1, proof, second, 409},
		{"another log's signature", half, proof, strings.Replace(second, "— "+logName, "— "+logName+"x", 1), 403},
		{"the next checkpoint", half, proof, second, 200},
		{"another history", size, nil, fork, 422},
		{"the same again", size, nil, second, 200},
	} {
		status, text, err := submit(url, try.old, try.proof, try.signed)
		if err != nil {
			return err
		}
		if status != try.status {
			return fmt.Errorf("%s: %d, not %d: %s", try.what, status, try.status, text)
		}
		if status == 200 {
			message, _, _ := strings.Cut(try.signed, "\n\n")
			if err := cosigned(vkey, message+"\n", text); err != nil {
				return fmt.Errorf("%s: %w", try.what, err)
			}
		}
	}
	fmt.Println("witness: 8 requests")
	return nil
}

// C2SP tlog-cosignature: the library knows no such algorithm, Go's standard library does.
func cosigned(vkey, checkpoint, line string) error {
	parts := strings.SplitN(vkey, "+", 3)
	public, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(public) != 33 || public[0] != 4 {
		return fmt.Errorf("no key for cosignatures: %s", vkey)
	}
	encoded := strings.TrimSuffix(strings.TrimPrefix(line, "— "+parts[0]+" "), "\n")
	signature, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(signature) != 4+8+64 {
		return fmt.Errorf("no cosignature: %q", line)
	}
	if fmt.Sprintf("%08x", signature[:4]) != parts[1] {
		return fmt.Errorf("a cosignature of another key")
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(signature[4:12]), checkpoint)
	if !ed25519.Verify(public[1:], []byte(message), signature[12:]) {
		return fmt.Errorf("the cosignature does not hold")
	}
	signature[20] ^= 1
	if ed25519.Verify(public[1:], []byte(message), signature[12:]) {
		return fmt.Errorf("a cosignature with a bit turned holds")
	}
	return nil
}
