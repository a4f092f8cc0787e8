# Reads a message as Python's email package has it, and prints its header and its parts as JSON.
import email, email.policy, hashlib, json, sys

msg = email.message_from_binary_file(sys.stdin.buffer, policy=email.policy.default)


def tree(part):
    node = {"type": part.get_content_type(), "name": part.get_filename() or "", "disposition": part.get_content_disposition() or "",
            "id": (part["Content-ID"] or "").strip("<>"), "defects": [repr(d) for d in part.defects]}
    if part.get_content_maintype() == "multipart":
        node["parts"] = [tree(p) for p in part.iter_parts()]
    elif part.get_content_maintype() == "text":
        node["text"] = part.get_content()
    elif part.get_content_type() == "message/rfc822":
        node["text"] = part.get_content()["Subject"]
    else:
        node["sha256"] = hashlib.sha256(part.get_content()).hexdigest()
    return node


json.dump({
    "subject": msg["Subject"],
    "to": [[a.display_name, a.addr_spec] for a in msg["To"].addresses],
    "from": [[a.display_name, a.addr_spec] for a in msg["From"].addresses],
    "defects": [repr(d) for f in msg.values() for d in f.defects],
    "root": tree(msg),
}, sys.stdout)
